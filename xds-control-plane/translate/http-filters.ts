import type { HttpChain, HttpPolicies } from "../mesh/mesh.ts";
import type { HttpRule, RuleOverrides } from "../mesh/route.ts";
import type { Json } from "../snapshot/resource.ts";
import { ads, any } from "./envoy.ts";
import { access } from "./filters/access.ts";
import { bodyLimit } from "./filters/body-limit.ts";
import { denied } from "./filters/denied.ts";
import { externalAuthorization } from "./filters/external-authorization.ts";
import { fault } from "./filters/fault.ts";
import { globalRateLimit } from "./filters/global-rate-limit.ts";
import { jwt } from "./filters/jwt.ts";
import { jwtRequirement } from "./filters/jwt-requirement.ts";
import { rateLimit, rateLimitByClaim } from "./filters/rate-limit.ts";
import { router } from "./filters/router.ts";

/** A filter's message, to stand in an Any. */
export interface FilterConfig {
  readonly message: string;
  readonly fields: Json;
}

/** One filter of the chain: what a listener and a rule say, as Envoy has it. */
export interface HttpFilter {
  /** Envoy's name of it, by which a rule's part finds it. */
  readonly name: string;
  /**
   * Fetched as a resource of its own, so that a change acts at once on open connections: a changed listener would let
   * them live on under the old rules until they are drained. `proxy`: one for all listeners.
   */
  readonly discovered?: "proxy" | "chain";
  /** Undefined where the listener says nothing. */
  listener(policies: HttpPolicies): FilterConfig | undefined;
  /** Undefined where a rule does as its listener does. */
  rule?(overrides: RuleOverrides): FilterConfig | undefined;
  /**
   * What stands in every chain whose listener says nothing, switched off: a rule that switches it on then acts at once on open
   * connections too, and no request passes between the rule and a changed listener.
   */
  readonly idle?: FilterConfig;
}

/**
 * The chain, in the order in which requests pass it. Who may never come is turned away first; then what is too much,
 * before anything is spent on it; then who it is, and whether they may; then how much they may, before a service is asked
 * to decide; then what is done to the request.
 */
const chain: readonly HttpFilter[] = [
  denied,
  rateLimit,
  jwtRequirement,
  jwt,
  access,
  rateLimitByClaim,
  globalRateLimit,
  externalAuthorization,
  bodyLimit,
  fault,
  router,
];

/** The filters of a connection manager. */
export function httpFilters(of: HttpChain, chainName: string): readonly Json[] {
  return chain.flatMap((filter): readonly Json[] => {
    const name = filterName(filter, chainName);
    const config = filter.listener(of.policies);
    if (filter.discovered !== undefined) {
      const typeUrls = [`type.googleapis.com/${config?.message}`];
      return config === undefined ? [] : [{ name, configDiscovery: { configSource: ads, typeUrls } }];
    }
    if (config !== undefined) return [{ name, typedConfig: any(config.message, config.fields) }];
    const { idle } = filter;
    return idle === undefined ? [] : [{ name, disabled: true, typedConfig: any(idle.message, idle.fields) }];
  });
}

/** The filters of a chain that are resources of their own, but for those of the whole proxy. */
export function discoveredFilters(of: HttpChain, chainName: string): readonly Json[] {
  return chain
    .filter(({ discovered }) => discovered === "chain")
    .flatMap((filter): readonly Json[] => {
      const config = filter.listener(of.policies);
      if (config === undefined) return [];
      return [{ name: filterName(filter, chainName), typedConfig: any(config.message, config.fields) }];
    });
}

/** A rule's part of the filters, by the filters' names. */
export function ruleFilters({ overrides }: HttpRule, of: { readonly name: string }): Readonly<Record<string, Json>> {
  if (overrides === undefined) return {};
  return Object.fromEntries(
    chain.flatMap((filter) => {
      const config = filter.rule?.(overrides);
      return config === undefined ? [] : [[filterName(filter, of.name), any(config.message, config.fields)]];
    }),
  );
}

function filterName(filter: HttpFilter, chainName: string): string {
  return filter.discovered === "chain" ? `${filter.name}/${chainName}` : filter.name;
}
