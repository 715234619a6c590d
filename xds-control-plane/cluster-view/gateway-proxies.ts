import type { Gateway, Service } from "./kinds.ts";
import type { ClusterObjects } from "./objects.ts";
import { sliceOwner } from "./services.ts";

/** Who runs the Envoys of Gateways: Nephele's operator, for each of them, or somebody else, of whom nothing is known. */
export type GatewayProxies = "deployed" | "elsewhere";

/** The class of the proxies that serve a Gateway; also what their Envoys give as their node's id. */
export function gatewayProxy({ metadata }: Pick<Gateway, "metadata">): string {
  return `gateway/${metadata.namespace}/${metadata.name}`;
}

/**
 * The ServiceAccount of a Gateway's proxies, and the name of the Service that leads to them (operator/api/gateway-api.ts). It is
 * none that an application beside the Gateway would have: whoever may make Gateways would have that one's identity.
 */
export function gatewayAccount(gateway: string): string {
  return `${gateway}-gateway`;
}

/** Where proxies that are deployed are probed; a listener cannot have it (operator/gateway/ports.ts). */
export const probePort = 19_002;

export interface GatewayAddress {
  readonly type: "IPAddress" | "Hostname";
  readonly value: string;
}

/** Where a Gateway is reached, and why it is not, in Gateway API's words. */
export interface Reached {
  readonly addresses: readonly GatewayAddress[];
  readonly problem?: { readonly reason: "AddressNotAssigned" | "NoResources"; readonly message: string };
}

/**
 * Where a Gateway is reached whose proxies are deployed. A Service of type LoadBalancer is reached where its load balancer
 * is, and by others at the cluster's own addresses of it.
 */
export function reachedBy({ metadata }: Gateway, { services, endpointSlices }: ClusterObjects): Reached {
  const name = gatewayAccount(metadata.name);
  const isHere = (other: { readonly namespace?: string }): boolean => other.namespace === metadata.namespace;
  const service = services.find(
    (each) =>
      each.metadata.name === name &&
      isHere(each.metadata) &&
      each.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true,
  );
  if (service === undefined) {
    const message = `Service ${name}, which leads to its proxies, is not there; the Gateway's events say what stands in its way`;
    return { addresses: [], problem: { reason: "NoResources", message } };
  }
  const addresses = addressesOf(service);
  if (addresses.length === 0) {
    const message =
      service.spec?.type === "LoadBalancer"
        ? `Service ${name} waits for a load balancer; a cluster that has none wants gateways.serviceType NodePort or ClusterIP`
        : `Service ${name} has no address yet`;
    return { addresses, problem: { reason: "AddressNotAssigned", message } };
  }
  const isReady = endpointSlices.some(
    ({ metadata: of, endpoints }) =>
      isHere(of) &&
      of.labels?.[sliceOwner] === name &&
      endpoints?.some(({ conditions }) => conditions?.ready !== false) === true,
  );
  if (isReady) return { addresses };
  const message = `no pod of Deployment ${name} is ready yet`;
  return { addresses, problem: { reason: "NoResources", message } };
}

function addressesOf({ spec, status }: Service): readonly GatewayAddress[] {
  const found: readonly GatewayAddress[] =
    spec?.type === "LoadBalancer"
      ? (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): readonly GatewayAddress[] => {
          if (ip !== undefined && ip !== "") return [{ type: "IPAddress", value: ip }];
          return hostname === undefined || hostname === "" ? [] : [{ type: "Hostname", value: hostname }];
        })
      : (spec?.clusterIPs ?? [])
          .filter((address) => address !== "None" && address !== "")
          .map((value) => ({ type: "IPAddress", value }));
  // As many as Gateway API takes.
  return found.slice(0, 16);
}
