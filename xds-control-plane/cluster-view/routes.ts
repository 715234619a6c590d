import type { NewCondition } from "#runtime/api/conditions.ts";
import type { WeightedBackend } from "../mesh/route.ts";
import { byAge } from "./age.ts";
import { weighted } from "./backends.ts";
import type { GatewayProblem } from "./gateway-says.ts";
import type { Referrer } from "./grants.ts";
import { intersection } from "./hostnames.ts";
import type { Gateway, GrpcRoute, GrpcRouteRule, HttpRoute, HttpRouteRule, ParentRef, TlsRoute } from "./kinds.ts";
import { condition, type ReadListener } from "./listeners.ts";
import type { ClusterObjects } from "./objects.ts";
import { grpcRule, httpRule, type ReadRule, type RuleContext } from "./rules.ts";
import { selects } from "./selector.ts";

const group = "gateway.networking.k8s.io";

export type AnyRoute = HttpRoute | GrpcRoute | TlsRoute;

/** A route in the mesh's words, without where it is attached. */
export interface ReadRoute {
  readonly route: AnyRoute;
  readonly kind: "HTTPRoute" | "GRPCRoute" | "TLSRoute";
  readonly rules: readonly ReadRule[];
  /** Of a TLSRoute. */
  readonly backends: readonly WeightedBackend[];
  /** What holds whatever it is attached to. */
  readonly conditions: readonly NewCondition[];
  readonly isUsable: boolean;
}

/** A Gateway with its listeners. */
export interface ReadGateway {
  readonly gateway: Gateway;
  readonly listeners: readonly ReadListener[];
  /** Why it is served nothing, whatever its listeners are. */
  readonly problem: GatewayProblem | undefined;
}

/** A route at a listener, with the names that both allow. */
export interface Attachment {
  readonly route: ReadRoute;
  readonly listener: ReadListener;
  readonly hostnames: readonly string[];
}

/** All routes, the oldest first, then by name: so they win where they match alike. */
export function readRoutes(objects: ClusterObjects): readonly ReadRoute[] {
  const http = objects.httpRoutes.map((route) =>
    read(route, "HTTPRoute", (rule, context) => httpRule(rule as HttpRouteRule, context), objects),
  );
  const grpc = objects.grpcRoutes.map((route) =>
    read(route, "GRPCRoute", (rule, context) => grpcRule(rule as GrpcRouteRule, context), objects),
  );
  const tls = objects.tlsRoutes.map((route) => readTls(route, objects));
  return [...http, ...grpc, ...tls].sort((one, other) => byAge(one.route, other.route));
}

function read(
  route: HttpRoute | GrpcRoute,
  kind: "HTTPRoute" | "GRPCRoute",
  ruleOf: (rule: HttpRouteRule | GrpcRouteRule, context: RuleContext) => ReadRule,
  objects: ClusterObjects,
): ReadRoute {
  const { namespace = "", name } = route.metadata;
  const from: Referrer = { group, kind, namespace };
  const rules = (route.spec?.rules ?? []).map((rule, at) =>
    ruleOf(rule, { name: `${kind.toLowerCase()}/${namespace}/${name}/${at}`, from, objects }),
  );
  const unresolved = rules.flatMap((rule) => rule.unresolved);
  const dropped = rules.flatMap(({ unsupported }, at) =>
    unsupported.length === 0 ? [] : [`rules[${at}]: ${unsupported.join("; ")}`],
  );
  return {
    route,
    kind,
    rules,
    backends: [],
    isUsable: dropped.length < rules.length || rules.length === 0,
    conditions: [
      resolvedRefs(unresolved),
      ...(dropped.length === 0 || dropped.length === rules.length
        ? []
        : [condition("PartiallyInvalid", true, "UnsupportedValue", `Dropped Rule: ${dropped.join("; ")}`)]),
      ...(dropped.length > 0 && dropped.length === rules.length
        ? [condition("Accepted", false, "UnsupportedValue", dropped.join("; "))]
        : []),
    ],
  };
}

function readTls(route: TlsRoute, objects: ClusterObjects): ReadRoute {
  const from: Referrer = { group, kind: "TLSRoute", namespace: route.metadata.namespace ?? "" };
  const { backends, unresolved } = weighted(route.spec?.rules?.[0]?.backendRefs ?? [], from, objects);
  return { route, kind: "TLSRoute", rules: [], backends, isUsable: true, conditions: [resolvedRefs(unresolved)] };
}

function resolvedRefs(unresolved: ReadRule["unresolved"]): NewCondition {
  const [first] = unresolved;
  if (first === undefined) return condition("ResolvedRefs", true, "ResolvedRefs", "all backends are there");
  return condition("ResolvedRefs", false, first.reason, unresolved.map(({ message }) => message).join("; "));
}

/** The Gateway that a parent reference names, undefined where it is none of ours. */
export function parentOf(ref: ParentRef, route: AnyRoute, gateways: readonly ReadGateway[]): ReadGateway | undefined {
  if ((ref.group ?? group) !== group || (ref.kind ?? "Gateway") !== "Gateway") return undefined;
  const namespace = ref.namespace ?? route.metadata.namespace;
  return gateways.find(({ gateway: { metadata } }) => metadata.name === ref.name && metadata.namespace === namespace);
}

/** Where a route is attached by one of its parent references, and what is to be said of it there. */
export function attach(
  route: ReadRoute,
  ref: ParentRef,
  { gateway, listeners }: ReadGateway,
  objects: ClusterObjects,
): { readonly attachments: readonly Attachment[]; readonly conditions: readonly NewCondition[] } {
  const refused = (reason: string, message: string) => ({
    attachments: [],
    conditions: attachedConditions(route, { reason, message }),
  });
  const named = listeners.filter(
    ({ spec }) =>
      (ref.sectionName === undefined || spec.name === ref.sectionName) &&
      (ref.port === undefined || spec.port === ref.port),
  );
  if (named.length === 0) return refused("NoMatchingParent", "the Gateway has no such listener");
  const allowed = named.filter((listener) => allows(listener, route, gateway, objects));
  if (allowed.length === 0)
    return refused("NotAllowedByListeners", "no listener takes routes of this kind and namespace");
  const attachments = allowed
    .filter(({ isAccepted }) => isAccepted)
    .map((listener) => ({
      route,
      listener,
      hostnames: intersection(listener.spec.hostname, route.route.spec?.hostnames ?? []),
    }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (attachments.length === 0) {
    return refused("NoMatchingListenerHostname", "no listener has one of the route's host names");
  }
  return { attachments: route.isUsable ? attachments : [], conditions: attachedConditions(route) };
}

/** Why a route is not attached to a parent, in Gateway API's words. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** What is to be said of a route at a parent that took it, or refused it. */
export function attachedConditions(route: ReadRoute, refusal?: Refusal): readonly NewCondition[] {
  if (refusal !== undefined) {
    const others = route.conditions.filter(({ type }) => type !== "Accepted");
    return [condition("Accepted", false, refusal.reason, refusal.message), ...others];
  }
  if (!route.isUsable) return route.conditions;
  return [condition("Accepted", true, "Accepted", "the route is attached"), ...route.conditions];
}

function allows(
  { spec, kinds }: ReadListener,
  { route, kind }: ReadRoute,
  gateway: Gateway,
  objects: ClusterObjects,
): boolean {
  if (!kinds.includes(kind)) return false;
  const { from = "Same", selector } = spec.allowedRoutes?.namespaces ?? {};
  const namespace = route.metadata.namespace;
  switch (from) {
    case "All":
      return true;
    case "Same":
      return namespace === gateway.metadata.namespace;
    case "None":
      return false;
    case "Selector": {
      const found = objects.namespaces.find(({ metadata }) => metadata.name === namespace);
      return found !== undefined && selector !== undefined && selects(selector, found.metadata.labels);
    }
  }
}
