import type protobuf from "protobufjs/light.js";
import type { Kind } from "../proto/kinds.ts";
import { type Message, visit } from "../proto/visit.ts";

/** A resource by its kind and name. */
export interface Reference {
  readonly kind: Kind;
  readonly name: string;
}

/** What a resource needs of others. */
export interface References {
  /** What a client asks for on the same stream once it has the resource: endpoints of a cluster, routes of a listener. */
  readonly subscribes: readonly Reference[];
  /** What must be there by name when the resource is: the clusters of a route. */
  readonly uses: readonly Reference[];
}

/** Kinds in whose messages nothing is named. */
const noReferences: References = { subscribes: [], uses: [] };

class Collector {
  readonly subscribes: Reference[] = [];
  readonly uses: Reference[] = [];

  /** A resource that is fetched over ADS; one from another source is not ours. */
  fetched(kind: Kind, name: unknown, source: unknown): void {
    if (isMessage(source) && isMessage(source["ads"]) && typeof name === "string") add(this.subscribes, kind, name);
  }

  cluster(name: unknown): void {
    if (typeof name === "string" && name !== "") add(this.uses, "cluster", name);
  }
}

/** Where Envoy's API names other resources, by message. */
const rules: Readonly<Record<string, (message: Message, into: Collector) => void>> = {
  "envoy.config.cluster.v3.Cluster": (message, into) => {
    const eds = message["edsClusterConfig"];
    if (isMessage(eds)) into.fetched("endpoint", eds["serviceName"] || message["name"], eds["edsConfig"]);
  },
  "envoy.extensions.clusters.aggregate.v3.ClusterConfig": (message, into) => {
    for (const name of (message["clusters"] as readonly unknown[] | undefined) ?? []) into.cluster(name);
  },
  "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig": (message, into) =>
    into.fetched("secret", message["name"], message["sdsConfig"]),
  "envoy.extensions.filters.network.http_connection_manager.v3.Rds": (message, into) =>
    into.fetched("route", message["routeConfigName"], message["configSource"]),
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter": discoveredExtension,
  "envoy.config.listener.v3.Filter": discoveredExtension,
  "envoy.config.listener.v3.ListenerFilter": discoveredExtension,
  "envoy.config.route.v3.ScopedRouteConfiguration": (message, into) => {
    const name = message["routeConfigurationName"];
    // The source stands in the connection manager; scoped routes that we serve come with ours.
    if (typeof name === "string" && name !== "" && message["onDemand"] !== true) add(into.subscribes, "route", name);
  },
  "envoy.config.route.v3.RouteAction": (message, into) => into.cluster(message["cluster"]),
  "envoy.config.route.v3.RouteAction.RequestMirrorPolicy": (message, into) => into.cluster(message["cluster"]),
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": (message, into) => into.cluster(message["name"]),
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy": (message, into) => into.cluster(message["cluster"]),
  "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight": (message, into) =>
    into.cluster(message["name"]),
  "envoy.config.core.v3.GrpcService.EnvoyGrpc": (message, into) => into.cluster(message["clusterName"]),
  "envoy.config.core.v3.HttpUri": (message, into) => into.cluster(message["cluster"]),
};

function discoveredExtension(message: Message, into: Collector): void {
  const discovery = message["configDiscovery"];
  // With a default that may be used at once the proxy does not wait for the discovered one.
  if (!isMessage(discovery) || discovery["applyDefaultConfigWithoutWarming"] === true) return;
  into.fetched("extensionConfig", message["name"], discovery["configSource"]);
}

/** All that a message names, in whatever depth, also inside Anys that its root knows. */
export function referencesOf(type: protobuf.Type, message: protobuf.Message): References {
  const into = new Collector();
  visit(type, message as unknown as Message, (each, value) => rules[each]?.(value, into));
  return into.subscribes.length + into.uses.length === 0 ? noReferences : into;
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null;
}

function add(to: Reference[], kind: Kind, name: string): void {
  if (!to.some((known) => known.kind === kind && known.name === name)) to.push({ kind, name });
}
