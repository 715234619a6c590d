import { type Resource, resource } from "../snapshot/resource.ts";

const ads = { ads: {}, resourceApiVersion: "V3" } as const;

/** A cluster whose endpoints come by EDS; another time-out is another version. */
export function cluster(name: string, timeoutSeconds = 1): Resource {
  const edsClusterConfig = { edsConfig: ads };
  return resource("cluster", { name, type: "EDS", connectTimeout: `${timeoutSeconds}s`, edsClusterConfig });
}

/** Endpoints of a cluster: one address with a port. */
export function endpoint(clusterName: string, portValue = 80): Resource {
  const address = { socketAddress: { address: "127.0.0.1", portValue } };
  return resource("endpoint", { clusterName, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] });
}

/** A listener whose routes come by RDS; another statPrefix is another version. */
export function listener(name: string, portValue: number, routeConfigName: string, statPrefix = "test"): Resource {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    statPrefix,
    rds: { routeConfigName, configSource: ads },
    httpFilters: [
      {
        name: "router",
        typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return resource("listener", {
    name,
    address: { socketAddress: { address: "127.0.0.1", portValue } },
    filterChains: [{ filters: [{ name: "http", typedConfig: manager }] }],
  });
}

/** Routes that send everything to one cluster. */
export function route(name: string, to: string): Resource {
  const routes = [{ match: { prefix: "/" }, route: { cluster: to } }];
  return resource("route", { name, virtualHosts: [{ name: "all", domains: ["*"], routes }] });
}

/** A generic secret. It guards nothing. */
export function secret(name: string, inlineString = "not a secret"): Resource {
  return resource("secret", { name, genericSecret: { secret: { inlineString } } });
}

export function runtime(name: string, value: number, ttlMs?: number): Resource {
  return resource("runtime", { name, layer: { value } }, ttlMs === undefined ? {} : { ttlMs });
}
