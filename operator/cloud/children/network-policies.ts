import type {
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicySpec,
} from "kubernetes-types/networking/v1.d.ts";
import { GATEWAY_LABEL } from "#operator/api/gateway-api.ts";
import { BARBICAN_PORT, type CloudPart, KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import { type BackupPlace, type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { edgeName } from "./edge.ts";
import { isInMesh, MESH_PORT, partsWithSidecar } from "./mesh.ts";
import { child, type Part, selectorOf } from "./metadata.ts";
import { PATRONI_PORT } from "./postgresql-config.ts";
import { PATRONI_MESH_PORT } from "./postgresql-members.ts";
import { toHsms } from "./secret-stores.ts";

const DNS: NetworkPolicyEgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

/** Pods of the chart, as it labels them. */
function ofRelease(namespace: string, component: "operator" | "xds-control-plane"): NetworkPolicyPeer {
  const matchLabels = { "app.kubernetes.io/name": "nephele", "app.kubernetes.io/component": component };
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels },
  };
}

/** What a part's sidecar needs: the xDS control plane, which configures it. */
function forSidecar(deployment: CloudDeployment, part: Part): readonly NetworkPolicyEgressRule[] {
  const { sidecars } = deployment.platform;
  if (sidecars === undefined || !partsWithSidecar(deployment).includes(part)) return [];
  const { namespace, port } = sidecars.xds;
  return [{ to: [ofRelease(namespace, "xds-control-plane")], ports: [{ protocol: "TCP", port }] }];
}

/** What there is beside what is wanted. */
export interface Standing {
  /** Whether an edge's proxies are let in. */
  readonly edgeStands?: boolean | undefined;
  /** Whether there are pods without sidecars still, where all are to have them. */
  readonly inClear?: boolean;
}

/** Of a bucket's server we know a name and not the addresses, as of every service that exists. */
function toBuckets(...places: readonly (BackupPlace | undefined)[]): readonly NetworkPolicyEgressRule[] {
  const ports = places.flatMap((place) => (place?.kind === "bucket" ? [portOf(place.endpoint)] : []));
  if (ports.length === 0) return [];
  return [DNS, { ports: [...new Set(ports)].map((port) => ({ protocol: "TCP", port })) }];
}

/** Of an address as the API takes it: http or https, a host and perhaps a port. */
function portOf(endpoint: string): number {
  const port = /:([0-9]+)$/.exec(endpoint)?.[1];
  return port === undefined ? (endpoint.startsWith("https:") ? 443 : 80) : Number(port);
}

/** No rule is no list: an empty one would be dropped by the API server, and missed for ever. */
function egressOf(egress: readonly NetworkPolicyEgressRule[]): { readonly egress?: NetworkPolicyEgressRule[] } {
  return egress.length === 0 ? {} : { egress: [...egress] };
}

/**
 * Who may speak with whom. Keystone and Barbican are for everybody in the cluster, in clear text; PostgreSQL
 * and memcached for the services alone. The proxies of an edge come to the sidecars. It holds only where the cluster's
 * network plug-in enforces NetworkPolicy.
 *
 * Barbican may reach Keystone without the mesh, too, as everybody may: pods of before the mesh do, until they are replaced. So
 * may PostgreSQL be reached as long as there are any.
 */
export function networkPolicies(
  deployment: CloudDeployment,
  { edgeStands = deployment.edge !== undefined, inClear = false }: Standing = {},
): readonly Desired[] {
  const { database, cache, backup, restore } = deployment;
  const pods = (part: Part): NetworkPolicyPeer => ({
    podSelector: { matchLabels: { ...selectorOf(deployment, part) } },
  });
  const tcp = (...ports: readonly number[]) => ports.map((port) => ({ protocol: "TCP", port }));
  const databaseInMesh = isInMesh(deployment, "postgresql");
  const isPlain = !databaseInMesh || inClear;
  /** Where PostgreSQL is found, and its members by each other. */
  const sql = [...(isPlain ? [database.port] : []), ...(databaseInMesh ? [MESH_PORT] : [])];
  const among = [
    ...(isPlain ? [database.port, PATRONI_PORT] : []),
    ...(databaseInMesh ? [MESH_PORT, PATRONI_MESH_PORT] : []),
  ];
  // Of services that exist we know a name and not the addresses: the port is what can be said.
  const toDatabase: NetworkPolicyEgressRule =
    database.kind === "bundled" ? { to: [pods("postgresql")], ports: tcp(...sql) } : { ports: tcp(database.port) };
  const cachePort = isInMesh(deployment, "memcached") ? MESH_PORT : MEMCACHED_PORT;
  const toCache: NetworkPolicyEgressRule = cache.bundled
    ? { to: [pods("memcached")], ports: tcp(cachePort) }
    : { ports: tcp(...cache.servers.map((server) => Number(server.slice(server.lastIndexOf(":") + 1)))) };
  const services = [pods("keystone"), pods("barbican")];
  const { sidecars } = deployment.platform;
  const meshPort = sidecars === undefined ? [] : [MESH_PORT];
  const ofSidecar = (part: Part) => forSidecar(deployment, part);
  /** Who comes to a service's sidecar: pods of the Cloud, and the operator. */
  const toSidecar = (...callers: readonly NetworkPolicyPeer[]): readonly NetworkPolicyIngressRule[] =>
    sidecars === undefined
      ? []
      : [{ from: [...callers, ofRelease(sidecars.xds.namespace, "operator")], ports: tcp(MESH_PORT) }];
  const edge: readonly NetworkPolicyPeer[] = edgeStands
    ? [{ podSelector: { matchLabels: { [GATEWAY_LABEL]: edgeName(deployment.cloud) } } }]
    : [];
  const copies = backup !== undefined || restore !== undefined;
  // Its address is none that a policy could name.
  const toApiServer: NetworkPolicyEgressRule = { ports: tcp(443, 6443) };

  /** What a policy does not name is refused. (An empty list would be dropped by the API server, and missed for ever.) */
  const policy = (part: Part, spec: Omit<NetworkPolicySpec, "podSelector" | "policyTypes">): Desired =>
    child({
      deployment,
      part,
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      content: {
        spec: {
          podSelector: { matchLabels: { ...selectorOf(deployment, part) } },
          policyTypes: ["Ingress", "Egress"],
          ...spec,
        },
      },
    });

  const bundled: readonly [CloudPart, Desired][] = [
    [
      "postgresql",
      policy("postgresql", {
        ingress: [
          { from: [...services, pods("setup"), ...(copies ? [pods("backup")] : [])], ports: tcp(...sql) },
          { from: [pods("postgresql")], ports: tcp(...among) },
        ],
        egress: [
          DNS,
          ...ofSidecar("postgresql"),
          { to: [pods("postgresql")], ports: tcp(...among) },
          // Patroni's store.
          toApiServer,
        ],
      }),
    ],
    [
      "memcached",
      policy("memcached", {
        ingress: [{ from: services, ports: tcp(cachePort) }],
        ...(ofSidecar("memcached").length > 0 ? { egress: [DNS, ...ofSidecar("memcached")] } : {}),
      }),
    ],
  ];
  return [
    policy("keystone", {
      ingress: [{ ports: tcp(KEYSTONE_PORT) }, ...toSidecar(pods("barbican"), ...edge)],
      egress: [DNS, ...ofSidecar("keystone"), toDatabase, toCache],
    }),
    policy("barbican", {
      ingress: [{ ports: tcp(BARBICAN_PORT) }, ...toSidecar(...edge)],
      egress: [
        ...[DNS, ...ofSidecar("barbican"), toDatabase, toCache],
        { to: [pods("keystone")], ports: tcp(KEYSTONE_PORT, ...meshPort) },
        ...toHsms(deployment),
      ],
    }),
    policy("setup", { egress: [DNS, ...ofSidecar("setup"), toDatabase, ...toHsms(deployment)] }),
    ...(copies
      ? [
          policy("backup", {
            egress: [DNS, ...ofSidecar("backup"), toDatabase, ...toBuckets(backup?.place, restore?.place)],
          }),
        ]
      : []),
    ...(backup === undefined ? [] : [policy("drill", egressOf(toBuckets(backup.place)))]),
    ...(restore === undefined ? [] : [policy("restore", { egress: [toApiServer, ...toBuckets(restore.place)] })]),
    ...bundled
      .filter(([part]) => (part === "postgresql" ? database.kind === "bundled" : cache.bundled))
      .map(([, desired]) => desired),
  ];
}
