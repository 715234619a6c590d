import type { NewCondition } from "#runtime/api/conditions.ts";
import type { HttpRule } from "../mesh/route.ts";
import type { ParentRef, Service } from "./kinds.ts";
import type { MeshPort, MeshService } from "./mesh-services.ts";
import { attachedConditions, type ReadRoute, type Refusal } from "./routes.ts";

/**
 * Routes whose parents are Services of the mesh (Gateway API's GAMMA, GEP-1294): rules for the calls that go out of their
 * callers' pods. A route of the Service's own namespace is its producer's, for callers anywhere; one of another namespace is a
 * consumer's, for callers there, who then have the producer's no longer. Host names are not looked at, as GEP-1294 says.
 */
export class ServiceRoutes {
  readonly #attached = new Map<string, (readonly HttpRule[])[]>();
  readonly #said = new Map<ParentRef, readonly NewCondition[]>();

  /** @param routes the oldest first: so they win where they match alike */
  constructor(routes: readonly ReadRoute[], services: ReadonlyMap<Service, MeshService>) {
    const byName = new Map(
      [...services].map(([{ metadata }, of]) => [`${metadata.namespace ?? ""}/${metadata.name}`, of]),
    );
    const inside = new Set([...services.values()].flatMap(({ ports }) => ports.map(({ service }) => service)));
    for (const read of routes) {
      const { route, rules } = withinMesh(read, inside);
      for (const ref of route.route.spec?.parentRefs ?? []) {
        const service = byName.get(`${ref.namespace ?? route.route.metadata.namespace}/${ref.name}`);
        if (!isService(ref) || service === undefined) continue;
        const { ports, refused } = portsOf(route, ref, service);
        this.#said.set(ref, attachedConditions(route, refused));
        if (refused !== undefined || !route.isUsable) continue;
        for (const port of ports) {
          const key = keyOf(port.service, route.route.metadata.namespace ?? "");
          const before = this.#attached.get(key) ?? [];
          if (!before.includes(rules)) this.#attached.set(key, [...before, rules]);
        }
      }
    }
  }

  /** What is to be said of a route at a parent; undefined where that is no Service of the mesh. */
  says(ref: ParentRef): readonly NewCondition[] | undefined {
    return this.#said.get(ref);
  }

  /** The rules for calls of a port out of pods of a namespace; undefined where no route is for them. */
  rulesFor({ service }: MeshPort, owner: string, caller: string): readonly HttpRule[] | undefined {
    return (this.#attached.get(keyOf(service, caller)) ?? this.#attached.get(keyOf(service, owner)))?.flat();
  }
}

/**
 * A route as it holds in the mesh. What leads out of it keeps its share, which is answered with 500: callers were to speak to
 * a Service with an identity, and would send what is for that one alone in clear text to somebody without.
 */
function withinMesh(
  route: ReadRoute,
  inside: ReadonlySet<string>,
): { readonly route: ReadRoute; readonly rules: readonly HttpRule[] } {
  const outside = new Set<string>();
  const isInside = (service: string | undefined): boolean => {
    if (service === undefined || inside.has(service)) return true;
    outside.add(service);
    return false;
  };
  const rules = route.rules.flatMap(({ rule }): readonly HttpRule[] => {
    if (rule === undefined) return [];
    const { action } = rule;
    if (action.kind !== "forward") return [rule];
    const backends = action.backends.map((each) => (isInside(each.service) ? each : { ...each, service: undefined }));
    const mirrors = action.mirrors?.filter(({ service }) => isInside(service));
    return [{ ...rule, action: { ...action, backends, ...(mirrors === undefined ? {} : { mirrors }) } }];
  });
  if (outside.size === 0) return { route, rules };
  const message = `${[...outside].join(", ")}: not in the mesh, which calls of its Services do not leave`;
  const conditions = route.conditions.map(
    (each): NewCondition =>
      each.type !== "ResolvedRefs"
        ? each
        : {
            ...each,
            status: "False",
            reason: each.status === "False" ? each.reason : "RefNotPermitted",
            message: each.status === "False" ? `${each.message}; ${message}` : message,
          },
  );
  return { route: { ...route, conditions }, rules };
}

function keyOf(port: string, namespace: string): string {
  return `${port} ${namespace}`;
}

function isService({ group, kind }: ParentRef): boolean {
  return (group === "" || group === "core") && kind === "Service";
}

/** The ports of a Service that a route is for, or why there are none. */
function portsOf(
  { kind }: ReadRoute,
  { sectionName, port }: ParentRef,
  { service, ports, problem }: MeshService,
): { readonly ports: readonly MeshPort[]; readonly refused?: Refusal } {
  const refuse = (reason: string, message: string) => ({ ports: [], refused: { reason, message } });
  if (kind === "TLSRoute") return refuse("UnsupportedValue", "Services of the mesh have HTTPRoutes and GRPCRoutes");
  if (problem !== undefined) return refuse("NoMatchingParent", `the Service's marks are wrong: ${problem}`);
  const number = (each: MeshPort): number | undefined =>
    service.spec?.ports?.find(({ name = "" }) => name === each.name)?.port;
  const named = ports.filter(
    (each) => (sectionName === undefined || each.name === sectionName) && (port === undefined || number(each) === port),
  );
  if (named.length === 0) return refuse("NoMatchingParent", "the Service has no such port");
  // A sidecar asks the application in the port's own protocol, and gRPC needs HTTP/2 on the whole way.
  const isFit = ({ protocol }: MeshPort): boolean => (kind === "GRPCRoute" ? protocol === "http2" : protocol !== "tcp");
  const fit = named.filter(isFit);
  if (fit.length > 0) return { ports: fit };
  return kind === "GRPCRoute"
    ? refuse("UnsupportedValue", "the port is not HTTP/2: set its appProtocol to grpc, where the application speaks it")
    : refuse("UnsupportedValue", "the port is passed on as bytes: set its appProtocol, where it is HTTP");
}
