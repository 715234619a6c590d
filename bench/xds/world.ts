import type { Json } from "../../xds-control-plane/index.ts";

/** A resource as both sides are given it: its kind and its message, in protobuf's JSON form. */
export type Given = readonly [kind: "cluster" | "endpoint", message: Json];

/** As long as names of services in a cluster are. The client program makes the same. */
export function serviceName(at: number): string {
  return `outbound-${at}.default.svc.cluster.local`;
}

/** A service's cluster or endpoints. Another value is another content: the connect time-out in seconds, or the port. */
export function given(kind: "cluster" | "endpoint", at: number, value: number): Given {
  const name = serviceName(at);
  if (kind === "cluster") {
    const edsClusterConfig = { edsConfig: { ads: {}, resourceApiVersion: "V3" } };
    return [kind, { name, type: "EDS", connectTimeout: `${value}s`, edsClusterConfig }];
  }
  const address = { socketAddress: { address: "10.0.0.1", portValue: value } };
  return [kind, { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] }];
}

/** So many services, each a cluster and its endpoints. */
export function world(services: number): readonly Given[] {
  return Array.from({ length: services }, (_, at) => [given("cluster", at, 1), given("endpoint", at, 80)]).flat();
}
