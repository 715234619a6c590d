import type { KubeObject } from "#runtime/api/object.ts";
import type { AccessPolicy } from "./generated/accesspolicy.ts";
import type { DeniedIdentity } from "./generated/deniedidentity.ts";
import type { EdgePolicy } from "./generated/edgepolicy.ts";
import type {
  EndpointSlice,
  Gateway,
  GatewayClass,
  GrpcRoute,
  HttpRoute,
  Namespace,
  ReferenceGrant,
  Service,
  TlsRoute,
  TlsSecret,
} from "./kinds.ts";
import type { BackendTlsPolicy, ConfigMap } from "./policy-kinds.ts";

/**
 * Of a core Secret that is read by its name: whether it may be, be it there or not; that the API server could not answer, or has
 * not yet; that so many are named that it is not read.
 */
export type ReadByName = "readable" | "forbidden" | "failed" | "awaited" | "excess";

/** All that a mesh is made of, as it stands in the cluster. */
export interface ClusterObjects {
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly httpRoutes: readonly HttpRoute[];
  readonly grpcRoutes: readonly GrpcRoute[];
  readonly tlsRoutes: readonly TlsRoute[];
  readonly referenceGrants: readonly ReferenceGrant[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly namespaces: readonly Namespace[];
  readonly secrets: readonly TlsSecret[];
  readonly backendTlsPolicies: readonly BackendTlsPolicy[];
  readonly configMaps: readonly ConfigMap[];
  /** Namespaces whose core Secrets, or ConfigMaps, we may not read. */
  readonly unreadableIn: ReadonlySet<string>;
  /** What is known of core Secrets of such namespaces, `namespace/name`, that are read one by one. */
  readonly byName: ReadonlyMap<string, ReadByName>;
  readonly accessPolicies: readonly AccessPolicy[];
  readonly deniedIdentities: readonly DeniedIdentity[];
  readonly edgePolicies: readonly EdgePolicy[];
}

/** Which list of the view an object belongs to, by its kind. */
const lists: Readonly<Record<string, keyof ClusterObjects>> = {
  GatewayClass: "gatewayClasses",
  Gateway: "gateways",
  HTTPRoute: "httpRoutes",
  GRPCRoute: "grpcRoutes",
  TLSRoute: "tlsRoutes",
  ReferenceGrant: "referenceGrants",
  Service: "services",
  EndpointSlice: "endpointSlices",
  Namespace: "namespaces",
  Secret: "secrets",
  BackendTLSPolicy: "backendTlsPolicies",
  ConfigMap: "configMaps",
  AccessPolicy: "accessPolicies",
  DeniedIdentity: "deniedIdentities",
  EdgePolicy: "edgePolicies",
};

/** Objects of all kinds, sorted into the view's lists; kinds that it does not read are left out. */
export function clusterObjects(objects: readonly KubeObject[]): ClusterObjects {
  const sorted = Object.fromEntries(Object.values(lists).map((list) => [list, [] as KubeObject[]]));
  for (const object of objects) sorted[lists[object.kind] ?? ""]?.push(object);
  return { ...sorted, unreadableIn: new Set(), byName: new Map() } as unknown as ClusterObjects;
}
