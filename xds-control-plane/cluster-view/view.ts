import type { NewCondition } from "#runtime/api/conditions.ts";
import type { TrustDomain } from "#spiffe/spiffe-id.ts";
import { problemsOf } from "../mesh/check.ts";
import type { Finding } from "../mesh/finding.ts";
import type { HttpChain, Listener, Mesh, ProxyClass, TcpChain } from "../mesh/mesh.ts";
import type { HttpRule, WeightedBackend } from "../mesh/route.ts";
import type { Service } from "../mesh/service.ts";
import { type BackendTlsSays, backendTlsSays, readBackendTls, secured } from "./backend-tls.ts";
import { type EdgePolicies, readEdgePolicies } from "./edge-policies.ts";
import { type GatewayProxies, gatewayAccount, gatewayProxy, reachedBy } from "./gateway-proxies.ts";
import { type GatewaySays, gatewayProblem, gatewaySays } from "./gateway-says.ts";
import type { EdgePolicy } from "./generated/edgepolicy.ts";
import { isolated } from "./isolation.ts";
import type { GatewayClass, ParentRef } from "./kinds.ts";
import { condition, endsTls, type ReadListener, readListeners } from "./listeners.ts";
import { identityOf } from "./mesh-services.ts";
import { type DenialSays, deniedIn, meshSays, type PolicySays, programmedAt, readMeshObjects } from "./mesh-view.ts";
import type { ClusterObjects } from "./objects.ts";
import { type AnyRoute, type Attachment, attach, parentOf, type ReadGateway, readRoutes } from "./routes.ts";
import { meshServices } from "./services.ts";
import { agentCluster } from "./workloads.ts";

/** Who we are among the controllers of Gateway API. */
export const controllerName = "nephele.dev/gateway";

/** What is to be said about an object of the cluster. */
export interface ClassSays {
  readonly gatewayClass: GatewayClass;
  readonly conditions: readonly NewCondition[];
}

export interface RouteSays {
  readonly route: AnyRoute;
  readonly kind: "HTTPRoute" | "GRPCRoute" | "TLSRoute";
  readonly parents: readonly { readonly parentRef: ParentRef; readonly conditions: readonly NewCondition[] }[];
}

/** The cluster as a mesh, and what Gateway API wants to be said about its objects. */
export interface View {
  readonly mesh: Mesh;
  readonly classes: readonly ClassSays[];
  readonly gateways: readonly GatewaySays[];
  readonly routes: readonly RouteSays[];
  readonly backendTls: readonly BackendTlsSays[];
  readonly policies: readonly PolicySays[];
  readonly edgePolicies: readonly PolicySays<EdgePolicy>[];
  readonly denials: readonly DenialSays[];
}

/**
 * Pure: the same objects give the same view.
 *
 * @param domain the trust domain of the mesh; without it no proxy has an identity, and there are no sidecars
 * @param run who runs the proxies of Gateways: of those that are deployed it is said where they are reached
 */
export function viewOf(
  objects: ClusterObjects,
  domain: TrustDomain | undefined,
  run: GatewayProxies = "elsewhere",
): View {
  const classes = objects.gatewayClasses.filter(({ spec }) => spec?.controllerName === controllerName);
  const classNames = new Set(classes.map(({ metadata }) => metadata.name));
  const gateways: readonly ReadGateway[] = objects.gateways
    .filter(({ spec }) => classNames.has(spec?.gatewayClassName ?? ""))
    .map((gateway) => ({
      gateway,
      listeners: readListeners(gateway, objects, run),
      problem: gatewayProblem(gateway.spec),
    }));

  const attachments = new Map<ReadGateway, Attachment[]>(gateways.map((gateway) => [gateway, []]));
  const allRoutes = readRoutes(objects);
  const inMesh = readMeshObjects(objects, allRoutes, domain);
  const routes = allRoutes.flatMap((route): readonly RouteSays[] => {
    const parents = (route.route.spec?.parentRefs ?? []).flatMap((parentRef) => {
      const gateway = parentOf(parentRef, route.route, gateways);
      if (gateway === undefined) {
        const conditions = inMesh.routes.says(parentRef);
        return conditions === undefined ? [] : [{ parentRef, conditions }];
      }
      const { attachments: made, conditions } = attach(route, parentRef, gateway, objects);
      attachments.get(gateway)?.push(...made);
      return [{ parentRef, conditions }];
    });
    const isOurs = parents.length > 0 || isSpokenOf(route.route, domain);
    return isOurs ? [{ route: route.route, kind: route.kind, parents }] : [];
  });

  const backendTls = readBackendTls(objects, (service) => inMesh.services.has(service));
  const inCluster = meshServices(objects.services, objects.endpointSlices, (service) => {
    const member = inMesh.services.get(service);
    return member && (member.identity === undefined ? [] : [member.identity]);
  });
  const services = secured(inCluster, backendTls);
  const edge = readEdgePolicies(objects, services, allRoutes, (route) =>
    gateways
      .filter((gateway) => attachments.get(gateway)?.some((each) => each.route === route))
      .map(({ gateway }) => gatewayProxy(gateway)),
  );
  const proxies = gateways.map((gateway) => proxyOf(gateway, attachments.get(gateway) ?? [], edge, domain));
  const allProxies = [...proxies, ...inMesh.workloads.proxies];
  const overGrpc = calledOverGrpc(allProxies);
  const mesh: Mesh = {
    services: new Map([
      ...[...services].map(([name, service]): readonly [string, Service] =>
        overGrpc.has(name) ? [name, { ...service, protocol: "http2" }] : [name, service],
      ),
      ...inMesh.workloads.applications.map((service) => [service.name, service] as const),
    ]),
    proxies: new Map(allProxies.map((proxy) => [proxy.name, proxy])),
    denied: deniedIn(objects),
  };
  const known = new Map<string, readonly Finding[]>();
  const findings = (name: string): readonly Finding[] => {
    const proxy = mesh.proxies.get(name);
    const found = known.get(name) ?? (proxy === undefined ? [] : problemsOf(mesh, proxy));
    known.set(name, found);
    return found;
  };
  return {
    mesh,
    classes: classes.map((gatewayClass) => ({
      gatewayClass,
      conditions: [condition("Accepted", true, "Accepted", "Gateways of this class are served")],
    })),
    gateways: gateways.map((gateway) =>
      gatewaySays(
        gateway,
        attachments.get(gateway) ?? [],
        findings(gatewayProxy(gateway.gateway)),
        run === "elsewhere" ? undefined : reachedBy(gateway.gateway, objects),
      ),
    ),
    routes,
    backendTls: backendTlsSays(
      backendTls,
      gateways.flatMap(({ gateway: { metadata } }, at) => {
        const proxy = proxies[at];
        return proxy === undefined ? [] : [{ namespace: metadata.namespace ?? "", name: metadata.name, proxy }];
      }),
    ),
    edgePolicies: edge.read.map(({ policy, targets }) => ({
      policy,
      targets: targets.map(({ targetRef, proxies: by, accepted }) => ({
        targetRef,
        conditions: [
          accepted,
          accepted.status === "True"
            ? programmedAt(by, findings)
            : condition("Programmed", false, "Invalid", "it is not accepted for this target"),
        ],
        proxies: by,
      })),
    })),
    ...meshSays(inMesh, objects, mesh, domain, findings),
  };
}

/**
 * Whether a route's status has something of ours, which is taken back where no parent is ours any more. Without identities there
 * is no mesh, and what stands there of Services is not ours to speak of.
 */
function isSpokenOf({ status }: AnyRoute, domain: TrustDomain | undefined): boolean {
  const said = status?.parents?.filter((parent) => parent.controllerName === controllerName) ?? [];
  return said.some(({ parentRef }) => parentRef.kind !== "Service" || domain !== undefined);
}

/** Services to which a GRPCRoute leads, or that decide on requests: gRPC needs HTTP/2, whatever their port says of itself. */
function calledOverGrpc(proxies: readonly ProxyClass[]): ReadonlySet<string | undefined> {
  const chains = proxies.flatMap(({ listeners }) => listeners.flatMap((listener) => listener.chains));
  const rules = chains.flatMap((chain) => (chain.kind === "http" ? chain.hosts.flatMap((host) => host.rules) : []));
  return new Set(
    rules.flatMap(({ name, action, overrides }) => [
      ...(name.startsWith("grpcroute/") && action.kind === "forward"
        ? action.backends.map(({ service }) => service)
        : []),
      ...(overrides?.externalAuthorization ? [overrides.externalAuthorization.service] : []),
    ]),
  );
}

function proxyOf(
  { gateway, listeners, problem }: ReadGateway,
  attachments: readonly Attachment[],
  edge: EdgePolicies,
  domain: TrustDomain | undefined,
): ProxyClass {
  const programmed = problem === undefined ? listeners.filter(({ isProgrammed }) => isProgrammed) : [];
  const byPort = Map.groupBy(programmed, ({ spec }) => spec.port);
  const made = [...byPort].map(([port, on]): Listener => {
    const of = (listener: ReadListener) => attachments.filter((each) => each.listener === listener);
    const chains = on.every(({ spec }) => spec.protocol === "HTTP")
      ? [plainChain(on, on.flatMap(of), edge)]
      : distinct(on.flatMap((listener) => tlsChains(listener, of(listener), edge)));
    return { name: `port-${port}`, address: "0.0.0.0", port, chains };
  });
  const certificates = new Map(
    programmed.flatMap((listener) => listener.certificates).map((each) => [each.name, each]),
  );
  const { namespace = "", name } = gateway.metadata;
  const id = domain && identityOf(domain, namespace, gatewayAccount(name));
  return {
    name: gatewayProxy(gateway),
    ...(id === undefined ? {} : { identity: { id, source: { kind: "agent", cluster: agentCluster } } }),
    listeners: made.filter(({ chains }) => chains.length > 0),
    certificates: [...certificates.values()],
    accessLog: true,
  };
}

/** The one chain of a port without TLS, whose listeners are told apart by the names of requests. */
function plainChain(
  listeners: readonly ReadListener[],
  attachments: readonly Attachment[],
  edge: EdgePolicies,
): HttpChain {
  const own = isolated(listeners, attachments);
  return httpChain({ kind: "none" }, [], own.attachments, edge, own.names);
}

/** Chains without the names that one before has: two listeners may come to the same name by their routes. */
function distinct(chains: readonly (HttpChain | TcpChain)[]): readonly (HttpChain | TcpChain)[] {
  const taken = new Set<string>();
  return chains.flatMap((chain) => {
    const names = chain.serverNames.length === 0 ? ["*"] : chain.serverNames;
    const own = names.filter((name) => !taken.has(name));
    for (const name of own) taken.add(name);
    return own.length === 0 ? [] : [{ ...chain, serverNames: chain.serverNames.filter((name) => own.includes(name)) }];
  });
}

function tlsChains(
  listener: ReadListener,
  attachments: readonly Attachment[],
  edge: EdgePolicies,
): readonly (HttpChain | TcpChain)[] {
  const { spec } = listener;
  const certificates = listener.certificates.map(({ name }) => name);
  const tls = endsTls(spec) ? ({ kind: "terminate", certificates } as const) : ({ kind: "none" } as const);
  if (spec.protocol === "HTTPS") {
    const names = spec.hostname === undefined || spec.hostname === "" ? [] : [spec.hostname.toLowerCase()];
    return [httpChain(tls, names, attachments, edge)];
  }
  // The first route of a name has it.
  const byName = new Map<string, readonly WeightedBackend[]>();
  for (const { route, hostnames } of attachments) {
    for (const name of hostnames) if (!byName.has(name)) byName.set(name, route.backends);
  }
  return [...byName].map(([name, backends]) => ({
    kind: "tcp",
    tls,
    serverNames: name === "*" ? [] : [name],
    backends,
    access: { enforced: "everyone" },
  }));
}

/**
 * What a caller says of the way that it came: nobody before a Gateway is known, so nobody is believed. Envoy says anew what it sees
 * itself (X-Forwarded-For, X-Forwarded-Proto).
 */
const ofTheWay = ["forwarded", ...["for", "host", "port", "prefix", "server"].map((what) => `x-forwarded-${what}`)];

function httpChain(
  tls: HttpChain["tls"],
  serverNames: readonly string[],
  attachments: readonly Attachment[],
  edge: EdgePolicies,
  /** Hosts that are there, whether a route has them or not. */
  names: readonly string[] = [],
): HttpChain {
  const hosts = new Map<string, HttpRule[]>(names.map((name) => [name, []]));
  for (const { route, hostnames } of attachments) {
    const rules = route.rules.flatMap(({ rule }) => rule ?? []);
    for (const name of hostnames) {
      const known = hosts.get(name) ?? [];
      // By two listeners of one port a route may come to the same name twice.
      known.push(...rules.filter((rule) => !known.includes(rule)));
      hosts.set(name, known);
    }
  }
  return {
    kind: "http",
    tls,
    serverNames,
    hosts: [...hosts]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([hostname, rules]) => ({ hostname, rules: rules.map(edge.ruleOf) })),
    policies: {
      access: { enforced: "everyone" },
      identityHeaders: ofTheWay,
      ...edge.policiesFor([...hosts.values()].flat()),
    },
  };
}
