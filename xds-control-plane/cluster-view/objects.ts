import type { KubeObject } from "#runtime/api/object.ts";
import type { ClusterObjects } from "./kinds.ts";

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
};

/** Objects of all kinds, sorted into the view's lists; kinds that it does not read are left out. */
export function clusterObjects(objects: readonly KubeObject[]): ClusterObjects {
  const sorted = Object.fromEntries(Object.values(lists).map((list) => [list, [] as KubeObject[]]));
  for (const object of objects) sorted[lists[object.kind] ?? ""]?.push(object);
  return { ...sorted, unreadableIn: new Set() } as unknown as ClusterObjects;
}
