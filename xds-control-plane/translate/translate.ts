import type { HttpChain, Mesh, ProxyClass } from "../mesh/mesh.ts";
import { servicesOf } from "../mesh/used-services.ts";
import type { Kind } from "../proto/kinds.ts";
import type { Json } from "../snapshot/resource.ts";
import { cluster } from "./cluster.ts";
import { loadAssignment } from "./endpoints.ts";
import { denyList } from "./filters/denied.ts";
import { nobodyCluster } from "./filters/external-authorization.ts";
import { discoveredFilters } from "./http-filters.ts";
import { chainName, listener } from "./listener.ts";
import { routeConfiguration } from "./route.ts";
import { secrets } from "./tls.ts";

/** Envoy's resources as protobuf's JSON, by kind. */
export type Translation = Readonly<Record<TranslatedKind, readonly Json[]>>;
export type TranslatedKind = (typeof translatedKinds)[number];
export const translatedKinds = [
  "cluster",
  "endpoint",
  "secret",
  "extensionConfig",
  "listener",
  "route",
] as const satisfies readonly Kind[];

/**
 * All that one class of proxies is to be served: what its listeners say, and of the services those that they name. The mesh
 * must be one that `problemsOf` finds nothing wrong with.
 */
export function translate(mesh: Mesh, proxy: ProxyClass): Translation {
  const services = [...servicesOf(proxy)].flatMap((name) => mesh.services.get(name) ?? []);
  const chains = proxy.listeners.flatMap((of) =>
    of.chains.map((chain) => ({ chain, name: chainName(of, chain), port: of.port })),
  );
  const http = chains.filter((each): each is typeof each & { chain: HttpChain } => each.chain.kind === "http");
  return {
    cluster: [
      ...services.map((service) => cluster(service, proxy, mesh.denied)),
      ...(http.length > 0 ? [nobodyCluster] : []),
    ],
    endpoint: services.map((service) => loadAssignment(service, proxy, mesh.denied)),
    secret: secrets(proxy),
    extensionConfig: [
      ...(http.length > 0 ? [denyList(mesh.denied)] : []),
      ...http.flatMap(({ chain, name }) => discoveredFilters(chain, name)),
    ],
    listener: proxy.listeners.map((of) => listener(of, proxy, mesh.denied)),
    route: http.map(routeConfiguration),
  };
}
