import type { HttpChain } from "../mesh/mesh.ts";
import type { HttpRule } from "../mesh/route.ts";
import type { Json } from "../snapshot/resource.ts";
import { defined } from "./envoy.ts";

const namespace = "nephele.dev";

/** What a route says of itself to the filters of its chain. */
interface RouteSays {
  /** The limits that count its requests, each by its name. */
  readonly rateLimits?: Readonly<Record<string, string>>;
  readonly jwtRequirement?: string;
  /** The challenge of that requirement. */
  readonly challenge?: string;
}

/** The metadata of a rule's routes; undefined where it has nothing to say. */
export function routeMetadata({ overrides }: HttpRule, { policies: { jwt } }: HttpChain): Json | undefined {
  const { rateLimits = [], jwtRequirement = jwt?.standard } = overrides ?? {};
  const says = defined({
    rateLimits: rateLimits.length === 0 ? undefined : Object.fromEntries(rateLimits.map((name) => [name, name])),
    jwtRequirement,
    challenge: jwt?.requirements.find(({ name }) => name === jwtRequirement)?.challenge,
  } satisfies { readonly [Key in keyof RouteSays]: RouteSays[Key] | undefined });
  return Object.keys(says).length === 0 ? undefined : { filterMetadata: { [namespace]: says } };
}

/** Where a filter finds what a route says, by the names that lead there. */
export function metadataOfRoute(field: keyof RouteSays, ...path: readonly string[]): Json {
  return { metadataKey: { key: namespace, path: [field, ...path].map((key) => ({ key })) }, source: "ROUTE_ENTRY" };
}

/** The same as a text that Envoy puts in. */
export function formatOfRoute(field: keyof RouteSays): string {
  return `%METADATA(ROUTE:${namespace}:${field})%`;
}
