import type { SpiffeId, TrustDomain } from "#spiffe/spiffe-id.ts";
import type { Listener, ProxyClass, TcpChain } from "../mesh/mesh.ts";
import type { HttpRule } from "../mesh/route.ts";
import type { Service } from "../mesh/service.ts";
import { accessBy, policiesByPort, type ReadPolicy } from "./access.ts";
import { byAge } from "./age.ts";
import { isGranted } from "./grants.ts";
import type { ReferenceGrant } from "./kinds.ts";
import { accountOf, type MeshPort, type MeshService } from "./mesh-services.ts";
import type { ServiceRoutes } from "./service-routes.ts";

/** The cluster of a proxy's bootstrap by which it reaches the SPIRE agent's SDS. */
export const agentCluster = "spire_agent";

/** The class of proxies of the pods of a ServiceAccount; also what their Envoys give as their node's id. */
export function workloadProxy(namespace: string, account: string): string {
  return `workload/${namespace}/${account}`;
}

/** Whether a class's name is that of sidecars. */
export function isWorkload(proxy: string): boolean {
  return proxy.startsWith("workload/");
}

/** The sidecars of a cluster. */
export interface Workloads {
  readonly proxies: readonly ProxyClass[];
  /** The applications behind them, which only they reach. */
  readonly applications: readonly Service[];
  /** What could not be had, by a port's name in the mesh: each in a sentence. */
  readonly conflicts: ReadonlyMap<string, readonly string[]>;
}

/** What sidecars are made from. */
export interface WorkloadObjects {
  readonly services: readonly MeshService[];
  readonly policies: readonly ReadPolicy[];
  readonly routes: ServiceRoutes;
  /** By which a namespace lets Services of another one have ports in its pods. */
  readonly grants: readonly ReferenceGrant[];
}

/** A pod's identity, with what serves there and what is called from there. */
interface Workload {
  readonly id: SpiffeId;
  readonly namespace: string;
  readonly account: string;
  readonly inbound: ServedPort[];
  readonly outbound: Map<string, ServedPort>;
}

interface ServedPort {
  readonly port: MeshPort;
  readonly of: MeshService;
  readonly policies: readonly ReadPolicy[];
}

/**
 * A class of proxies for each ServiceAccount that serves a Service of the mesh, or is named by a policy and has sidecars.
 * Inbound: mutual TLS, whoever policies let in, on to the application. Outbound: on loopback, each port that policies let the
 * identity call.
 */
export function readWorkloads({ services, policies, routes, grants }: WorkloadObjects, domain: TrustDomain): Workloads {
  const conflicts = new Map<string, string[]>();
  const conflict = (port: MeshPort, text: string): void => {
    conflicts.set(port.service, [...(conflicts.get(port.service) ?? []), text]);
  };
  const policiesOf = policiesByPort(policies);
  const workloads = new Map<string, Workload>();
  const workload = (id: SpiffeId): Workload | undefined => {
    const own = accountOf(id, domain);
    if (own === undefined) return undefined;
    const known = workloads.get(id) ?? { id, ...own, inbound: [], outbound: new Map() };
    workloads.set(id, known);
    return known;
  };
  const ports = services
    .toSorted((one, other) => byAge(one.service, other.service))
    .flatMap((of) => of.ports.map((port): ServedPort => ({ port, of, policies: policiesOf.get(port.service) ?? [] })));
  for (const each of ports) if (each.of.identity !== undefined) workload(each.of.identity)?.inbound.push(each);
  const callers = ports.map((each) => ({ each, matches: each.policies.flatMap(({ bySidecar }) => bySidecar) }));
  for (const { each, matches } of callers) {
    for (const match of matches) {
      if (typeof match === "string") workload(match)?.outbound.set(each.port.service, each);
    }
  }
  // A prefix names nobody; those it is for are known by what they serve, or by another rule.
  const below = new Map<string, ServedPort[]>();
  for (const { each, matches } of callers) {
    for (const match of matches) {
      if (typeof match !== "string") below.set(match.below, [...(below.get(match.below) ?? []), each]);
    }
  }
  for (const of of workloads.values()) {
    for (const prefix of prefixesOf(of.id)) {
      for (const each of below.get(prefix) ?? []) of.outbound.set(each.port.service, each);
    }
  }
  const grantsIn = Map.groupBy(grants, ({ metadata }) => metadata.namespace ?? "");
  const applications = new Map<string, Service>();
  const proxies = [...workloads.values()]
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .map((of): ProxyClass => {
      const inbound = inboundListeners(of, applications, conflict);
      const outbound = outboundListeners(of, routes, grantsIn.get(of.namespace) ?? [], conflict);
      return {
        name: workloadProxy(of.namespace, of.account),
        identity: { id: of.id, source: { kind: "agent", cluster: agentCluster } },
        listeners: [...inbound, ...outbound],
        certificates: [],
        accessLog: true,
      };
    });
  return { proxies, applications: [...applications.values()], conflicts };
}

/** The trust domain, and all beginnings of the path by whole segments. */
function prefixesOf(id: SpiffeId): readonly string[] {
  const [scheme = "", empty = "", ...segments] = id.split("/");
  return segments.slice(1).map((_, at) => [scheme, empty, ...segments.slice(0, at + 1)].join("/"));
}

const accessPolicy = { group: "nephele.dev", kind: "AccessPolicy" } as const;

type Conflict = (port: MeshPort, text: string) => void;

/** Several Services may lead to one port of the pods: who may call any of them comes in there. */
function inboundListeners(
  { inbound }: Workload,
  applications: Map<string, Service>,
  conflict: Conflict,
): readonly Listener[] {
  const taken = new Set(inbound.map(({ port }) => port.inbound));
  return [...Map.groupBy(inbound, ({ port }) => port.inbound)].flatMap(([number, all]): readonly Listener[] => {
    const [first] = all;
    if (first === undefined) return [];
    const { port } = first;
    const together = all.filter(({ port: other }) => {
      const isSame =
        other.protocol === port.protocol &&
        other.application.address === port.application.address &&
        other.application.port === port.application.port;
      if (!isSame)
        conflict(other, `${port.service} has port ${number} of the pods for another application or protocol`);
      return isSame;
    });
    const access = accessBy([...new Set(together.flatMap(({ policies }) => policies))]);
    const service = `application/${port.service}`;
    applications.set(service, {
      name: service,
      protocol: port.protocol,
      tls: { kind: "none" },
      endpoints: [port.application],
    });
    const listening = { name: `inbound-${number}`, address: "0.0.0.0", port: number };
    const common = { tls: { kind: "mesh" }, serverNames: [] } as const;
    const asked = new Map<number, string>();
    /** Whether a port of the pods that a Service wants beside is its to have, and nothing listens there for the same yet. */
    const isNew = (of: MeshPort, wanted: number, what: string): boolean => {
      if (asked.get(wanted) === what) return false;
      if (taken.has(wanted))
        conflict(of, `port ${wanted} of the pods, which it wants for ${what}, is for something else`);
      else asked.set(wanted, what);
      const isFree = !taken.has(wanted);
      taken.add(wanted);
      return isFree;
    };
    if (port.protocol === "tcp") {
      const backends = [{ service, weight: 1 }];
      const clear = together.flatMap(({ port: of }): readonly Listener[] =>
        of.clear !== undefined && isNew(of, of.clear, "clear text") ? [clearListener(of.clear, backends)] : [],
      );
      return [{ ...listening, chains: [{ kind: "tcp", ...common, backends, access }] }, ...clear];
    }
    const hosts = [{ hostname: "*", rules: [toAll("application", service)] }];
    const health = together.flatMap(({ port: of }): readonly Listener[] =>
      of.health !== undefined && isNew(of, of.health.port, `probes of ${of.health.paths.join(", ")}`)
        ? [healthListener(of.health, service)]
        : [],
    );
    return [{ ...listening, chains: [{ kind: "http", ...common, hosts, policies: { access } }] }, ...health];
  });
}

/** In clear text and for everybody, whatever policies say. */
function clearListener(port: number, backends: TcpChain["backends"]): Listener {
  const access = { enforced: "everyone" } as const;
  const chain = { kind: "tcp", tls: { kind: "none" }, serverNames: [], backends, access } as const;
  return { name: `clear-${port}`, address: "0.0.0.0", port, chains: [chain] };
}

/** In clear text and for everybody: these paths, and nothing else. */
function healthListener({ port, paths }: NonNullable<MeshPort["health"]>, service: string): Listener {
  const matches = paths.map((value) => ({ path: { kind: "exact", value }, method: "GET" }) as const);
  const rules = [{ ...toAll("health", service), matches }];
  const chain = { kind: "http", tls: { kind: "none" }, serverNames: [], hosts: [{ hostname: "*", rules }] } as const;
  const policies = { access: { enforced: "everyone" } } as const;
  return { name: `health-${port}`, address: "0.0.0.0", port, chains: [{ ...chain, policies, isProbe: true }] };
}

/** What never reached the other end is tried again, at another. */
const CALLER_RETRIES = 2;

/** What a route does not say of times and retries is as it is without a route. */
function withDefaults(rule: HttpRule): HttpRule {
  if (rule.action.kind !== "forward") return rule;
  return { ...rule, action: { timeoutMs: 0, retries: { attempts: CALLER_RETRIES }, ...rule.action } };
}

/** Who calls decides how long it waits. */
function toAll(name: string, service: string, retries?: number): HttpRule {
  return {
    name,
    matches: [],
    action: {
      kind: "forward",
      backends: [{ service, weight: 1 }],
      timeoutMs: 0,
      ...(retries === undefined ? {} : { retries: { attempts: retries } }),
    },
  };
}

/**
 * One listener for each port that may be called. Services of another namespace have some where the pod's own agrees: else
 * whoever may write policies anywhere could put a port into every pod, where it has always called somebody else. What the
 * own namespace has goes first.
 */
function outboundListeners(
  { id, namespace, account, inbound, outbound }: Workload,
  routes: ServiceRoutes,
  grants: readonly ReferenceGrant[],
  conflict: Conflict,
): readonly Listener[] {
  const pod = { group: "", kind: "ServiceAccount", namespace, name: account };
  const isWanted = ({ of }: ServedPort): boolean =>
    isGranted(grants, { ...accessPolicy, namespace: of.service.metadata.namespace ?? "" }, pod);
  const isOwn = ({ of }: ServedPort): number => (of.service.metadata.namespace === namespace ? 0 : 1);
  const taken = new Map<number, string>(
    inbound.flatMap(({ port }) =>
      [port.application.port, port.clear ?? 0].map((own): [number, string] => [own, "the pod's own application"]),
    ),
  );
  const ordered = [...outbound.values()]
    .filter(isWanted)
    .sort((one, other) => isOwn(one) - isOwn(other) || byAge(one.of.service, other.of.service));
  return ordered.flatMap(({ port, of }): readonly Listener[] => {
    const holder = taken.get(port.local);
    if (holder !== undefined) {
      conflict(port, `in the pods of ${id}, port ${port.local} of loopback is for ${holder}`);
      return [];
    }
    taken.set(port.local, port.service);
    const listening = { name: `outbound-${port.local}`, address: "127.0.0.1", port: port.local };
    const common = { tls: { kind: "none" }, serverNames: [] } as const;
    const access = { enforced: "everyone" } as const;
    if (port.protocol === "tcp") {
      const backends = [{ service: port.service, weight: 1 }];
      return [{ ...listening, chains: [{ kind: "tcp", ...common, backends, access }] }];
    }
    const routed = routes.rulesFor(port, of.service.metadata.namespace ?? "", namespace);
    const rules = routed?.map(withDefaults) ?? [toAll(port.service, port.service, CALLER_RETRIES)];
    const hosts = [{ hostname: "*", rules }];
    return [{ ...listening, chains: [{ kind: "http", ...common, hosts, policies: { access } }] }];
  });
}
