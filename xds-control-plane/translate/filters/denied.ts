import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { HttpChain, TcpChain } from "../../mesh/mesh.ts";
import type { AccessPolicy, AccessRules, CallerMatch } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { any, extension } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";
import { caller } from "./rbac.ts";

const message = "envoy.extensions.filters.http.rbac.v3.RBAC";

/** Identities that are let in nowhere. Its content is the mesh's: see {@link denyList}. */
export const denied: HttpFilter = {
  name: "denied",
  discovered: "proxy",
  listener: () => ({ message, fields: {} }),
};

/** The deny list as a filter of its own for all HTTP listeners of a proxy. */
export function denyList(ids: ReadonlySet<SpiffeId>): Json {
  return { name: "denied", typedConfig: any(message, ids.size === 0 ? {} : { rules: rulesAgainst([...ids]) }) };
}

/**
 * Denied identities that a chain's access rules would let in. It stands in the chain itself, so that a denial changes it:
 * Envoy then cuts what was opened through the former one when its drain time is over, streams and connections without an
 * end, too. Chains that would not let the identity in stay as they are, and so do their connections. HTTP's are only counted
 * here: the deny list refuses them request by request, at once, with an answer and a line in the access log.
 */
export function deniedOf(chain: HttpChain | TcpChain, ids: ReadonlySet<SpiffeId>): readonly Json[] {
  // Elsewhere nobody shows who they are.
  if (chain.tls.kind !== "mesh") return [];
  const accesses = chain.kind === "tcp" ? [chain.access] : httpAccesses(chain);
  const named = [...ids].filter((id) => accesses.some(({ enforced }) => letsIn(enforced, id)));
  if (named.length === 0) return [];
  const rules = rulesAgainst(named);
  const fields = chain.kind === "tcp" ? { rules } : { shadowRules: rules };
  return [extension("denied", "envoy.extensions.filters.network.rbac.v3.RBAC", { statPrefix: "denied", ...fields })];
}

function httpAccesses({ policies, hosts }: HttpChain): readonly AccessPolicy[] {
  const own = hosts.flatMap(({ rules }) => rules.flatMap(({ overrides }) => overrides?.access ?? []));
  return [policies.access, ...own];
}

function letsIn(rules: AccessRules, id: SpiffeId): boolean {
  return (
    rules === "everyone" ||
    rules.some(({ callers }) => callers === undefined || callers.some((match) => isCaller(match, id)))
  );
}

function isCaller(match: CallerMatch, id: SpiffeId): boolean {
  return typeof match === "string" ? match === id : id.startsWith(`${match.below}/`);
}

function rulesAgainst(ids: readonly SpiffeId[]): Json {
  const principals = ids.toSorted().map(caller);
  return { action: "DENY", policies: { "denied-identities": { permissions: [{ any: true }], principals } } };
}
