import type { Endpoint, Service as MeshService, UpstreamProtocol } from "../mesh/service.ts";
import type { EndpointSlice, Service } from "./kinds.ts";

const sliceOwner = "kubernetes.io/service-name";

type Port = NonNullable<NonNullable<Service["spec"]>["ports"]>[number];

/** How a port of a Service is called in the mesh. */
export function serviceName(namespace: string, name: string, port: number): string {
  return `${namespace}/${name}:${port}`;
}

/** Every TCP port of every Service, by its name in the mesh. */
export function meshServices(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
): ReadonlyMap<string, MeshService> {
  const byService = Map.groupBy(
    slices,
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[sliceOwner] ?? ""}`,
  );
  const made = services.flatMap((service) => {
    const { namespace = "", name } = service.metadata;
    const own = byService.get(`${namespace}/${name}`) ?? [];
    return (service.spec?.ports ?? [])
      .filter(({ protocol = "TCP" }) => protocol === "TCP")
      .map(
        (port): MeshService => ({
          name: serviceName(namespace, name, port.port),
          protocol: protocolOf(port),
          tls: { kind: "none" },
          endpoints: endpointsOf(own, port),
          locality: isNear(service.spec?.trafficDistribution) ? "nearest" : "spread",
        }),
      );
  });
  return new Map(made.map((each) => [each.name, each]));
}

/** By the standard names of Gateway API (GEP-1911) and Kubernetes. */
function protocolOf({ appProtocol }: Port): UpstreamProtocol {
  return appProtocol === "kubernetes.io/h2c" || appProtocol === "grpc" ? "http2" : "http1";
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
