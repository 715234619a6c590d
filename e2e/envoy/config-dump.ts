import type { Kind } from "../../xds-control-plane/index.ts";
import type { Envoy } from "./envoy.ts";

type Json = Readonly<Record<string, unknown>>;

/** Where `config_dump` has a kind of resource, and the message in it. */
const places = {
  cluster: { resource: "dynamic_active_clusters", message: "cluster" },
  listener: { resource: "dynamic_listeners", message: "listener" },
  route: { resource: "dynamic_route_configs", message: "route_config" },
  extensionConfig: { resource: "ecds_filters", message: "ecds_filter" },
} as const;

export type DumpedKind = keyof typeof places;
export const dumpedKinds = Object.keys(places) as readonly (DumpedKind & Kind)[];

/** What an Envoy has of a kind: names with the versions that it was sent by delta. */
export async function dumped(envoy: Envoy, kind: DumpedKind): Promise<ReadonlyMap<string, string>> {
  const { resource, message } = places[kind];
  const { configs = [] } = JSON.parse(await envoy.admin(`/config_dump?resource=${resource}`)) as { configs?: Json[] };
  return new Map(
    configs.map((each) => {
      const holder = (kind === "listener" ? (each["active_state"] ?? {}) : each) as Json;
      const inner = holder[message] as Json | undefined;
      return [String(inner?.["name"] ?? each["name"]), String(holder["version_info"])];
    }),
  );
}

/** The addresses of each cluster's endpoints that Envoy has. */
export async function endpointsOf(envoy: Envoy): Promise<ReadonlyMap<string, readonly string[]>> {
  const { cluster_statuses: clusters = [] } = JSON.parse(await envoy.admin("/clusters?format=json")) as {
    cluster_statuses?: { name: string; added_via_api?: boolean; host_statuses?: { address: Json }[] }[];
  };
  return new Map(
    clusters
      .filter(({ added_via_api }) => added_via_api === true)
      .map(({ name, host_statuses: hosts = [] }) => [
        name,
        hosts.map(({ address }) => String((address["socket_address"] as Json)["port_value"])).sort(),
      ]),
  );
}
