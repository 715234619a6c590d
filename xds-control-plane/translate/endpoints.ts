import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { ProxyClass } from "../mesh/mesh.ts";
import type { Endpoint, Locality, Service } from "../mesh/service.ts";
import type { Json } from "../snapshot/resource.ts";
import { address, defined } from "./envoy.ts";

/** The endpoints of a service, nearest first where it says so. */
export function loadAssignment(service: Service, proxy: ProxyClass, denied: ReadonlySet<SpiffeId>): Json {
  return { clusterName: service.name, endpoints: isDenied(service, denied) ? [] : localities(service, proxy.locality) };
}

/** Where all identities of a service are denied nobody is left to call: without a name to look for, TLS would take any. */
function isDenied({ tls }: Service, denied: ReadonlySet<SpiffeId>): boolean {
  return tls.kind === "mesh" && tls.identities.every((id) => denied.has(id));
}

function localities(service: Service, from: Locality | undefined): readonly Json[] {
  const groups = new Map<string, { readonly locality: Locality | undefined; readonly members: Endpoint[] }>();
  for (const endpoint of service.endpoints) {
    const { region = "", zone = "" } = endpoint.locality ?? {};
    const key = `${region}/${zone}`;
    const group = groups.get(key) ?? { locality: endpoint.locality, members: [] };
    group.members.push(endpoint);
    groups.set(key, group);
  }
  const ranked = [...groups.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, group]) => ({
      ...group,
      distance: distance(group.locality, service.locality === "nearest" ? from : undefined),
    }));
  // Envoy wants priorities from 0 without a gap.
  const distances = [...new Set(ranked.map((group) => group.distance))].sort((one, other) => one - other);
  return ranked.map(({ locality, members, distance: away }) =>
    defined({
      locality,
      priority: distances.indexOf(away) || undefined,
      lbEndpoints: members.map(lbEndpoint),
    }),
  );
}

/** 0 in the same zone, 1 in the same region, 2 elsewhere. */
function distance(to: Locality | undefined, from: Locality | undefined): number {
  if (from === undefined) return 0;
  if (to?.region !== from.region) return 2;
  return to.zone === from.zone ? 0 : 1;
}

function lbEndpoint(endpoint: Endpoint): Json {
  return defined({ endpoint: { address: address(endpoint) }, loadBalancingWeight: endpoint.weight });
}
