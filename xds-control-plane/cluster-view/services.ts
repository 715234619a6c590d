import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { Endpoint, Service as MeshService, UpstreamProtocol } from "../mesh/service.ts";
import type { EndpointSlice, Service } from "./kinds.ts";

/** The label by which an EndpointSlice says whose it is. */
export const sliceOwner = "kubernetes.io/service-name";

type Port = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];

/** How a port of a Service is called in the mesh. */
export function serviceName(namespace: string, name: string, port: number): string {
  return `${namespace}/${name}:${port}`;
}

/**
 * Every TCP port of every Service, by its name in the mesh.
 *
 * @param identitiesOf who the pods of a Service are, whose sidecars speak mutual TLS; undefined for those without
 */
export function meshServices(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  identitiesOf: (service: Service) => readonly SpiffeId[] | undefined,
): ReadonlyMap<string, MeshService> {
  const byService = Map.groupBy(
    slices,
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[sliceOwner] ?? ""}`,
  );
  const made = services.flatMap((service) => {
    const { namespace = "", name } = service.metadata;
    const own = byService.get(`${namespace}/${name}`) ?? [];
    const identities = identitiesOf(service);
    return (service.spec?.ports ?? [])
      .filter(({ protocol = "TCP" }) => protocol === "TCP")
      .map(
        (port): MeshService => ({
          name: serviceName(namespace, name, port.port),
          protocol: protocolOf(port, identities === undefined ? "routes" : "mesh"),
          tls: identities === undefined ? { kind: "none" } : { kind: "mesh", identities },
          endpoints: endpointsOf(own, port),
          locality: isNear(service.spec?.trafficDistribution) ? "nearest" : "spread",
        }),
      );
  });
  return new Map(made.map((each) => [each.name, each]));
}

/** Names of protocols that are HTTP/1.1, or begin as it. */
const http1 = new Set(["http", "kubernetes.io/ws", "ws"]);

/**
 * By the standard names of Gateway API (GEP-1911) and Kubernetes. Routes are HTTP's whatever the port says; in the mesh a
 * port of another protocol (`postgresql`, `memcache`, `tcp`) is passed on as bytes.
 */
export function protocolOf({ appProtocol }: Port, where: "routes" | "mesh"): UpstreamProtocol {
  if (appProtocol === "kubernetes.io/h2c" || appProtocol === "grpc") return "http2";
  return where === "routes" || appProtocol === undefined || http1.has(appProtocol) ? "http1" : "tcp";
}

function isNear(distribution: string | undefined): boolean {
  return distribution === "PreferClose" || distribution === "PreferSameZone";
}

/** The endpoints that may be sent requests: ready ones, sorted, each once. */
function endpointsOf(slices: readonly EndpointSlice[], port: Port): readonly Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const { addressType, ports, endpoints } of slices) {
    const number = ports?.find(({ name = "" }) => name === (port.name ?? ""))?.port;
    if (number === undefined || addressType === "FQDN") continue;
    for (const { addresses, conditions, zone } of endpoints ?? []) {
      const [address] = addresses;
      // Not said is ready, as the API has it.
      if (address === undefined || conditions?.ready === false) continue;
      const locality = zone === undefined ? {} : { locality: { region: "", zone } };
      found.set(`${address} ${number}`, { address, port: number, ...locality });
    }
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, endpoint]) => endpoint);
}
