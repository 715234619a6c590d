/**
 * The resource types that are served, in the order in which changes of them are made: what others refer to goes first
 * (make before break). Removals go in `breakOrder`.
 */
export const kinds = [
  "runtime",
  "cluster",
  "endpoint",
  "secret",
  "extensionConfig",
  "listener",
  "scopedRoute",
  "route",
  "virtualHost",
] as const;
export type Kind = (typeof kinds)[number];

/** What refers to others goes first. A cluster goes before its endpoints: with it goes the client's interest in them. */
export const breakOrder = [
  "listener",
  "scopedRoute",
  "virtualHost",
  "route",
  "extensionConfig",
  "cluster",
  "endpoint",
  "secret",
  "runtime",
] as const satisfies readonly Kind[];

export interface KindTraits {
  /** Full name of the protobuf message. */
  readonly message: string;
  readonly typeUrl: string;
  /** The field of the message that holds the resource's name; none where the name is given beside it. */
  readonly nameField: string | undefined;
  /** The service of this type alone, and its methods. */
  readonly service: string;
  readonly deltaMethod: string;
  /** Absent for virtual hosts: they exist in delta only. */
  readonly sotwMethod: string | undefined;
  /** State-of-the-World answers hold every resource of the type, and what is not in them is removed. */
  readonly fullState: boolean;
  /** A first request without names asks for everything. */
  readonly wildcardByDefault: boolean;
  /** Whether a delta client may be told that a resource that it subscribed to is gone; Envoy rejects it for the others. */
  readonly tellsRemoval: boolean;
}

const rooted = { fullState: true, wildcardByDefault: true, tellsRemoval: true };
const named = { fullState: false, wildcardByDefault: false, tellsRemoval: true };

export const traits: Readonly<Record<Kind, KindTraits>> = {
  cluster: kind("envoy.config.cluster.v3.Cluster", "name", "cluster.v3.ClusterDiscoveryService", "Clusters", rooted),
  endpoint: kind(
    "envoy.config.endpoint.v3.ClusterLoadAssignment",
    "clusterName",
    "endpoint.v3.EndpointDiscoveryService",
    "Endpoints",
    named,
  ),
  listener: kind(
    "envoy.config.listener.v3.Listener",
    "name",
    "listener.v3.ListenerDiscoveryService",
    "Listeners",
    rooted,
  ),
  route: kind("envoy.config.route.v3.RouteConfiguration", "name", "route.v3.RouteDiscoveryService", "Routes", named),
  scopedRoute: kind(
    "envoy.config.route.v3.ScopedRouteConfiguration",
    "name",
    "route.v3.ScopedRoutesDiscoveryService",
    "ScopedRoutes",
    { ...named, wildcardByDefault: true },
  ),
  virtualHost: {
    ...kind(
      "envoy.config.route.v3.VirtualHost",
      undefined,
      "route.v3.VirtualHostDiscoveryService",
      "VirtualHosts",
      named,
    ),
    sotwMethod: undefined,
  },
  secret: kind(
    "envoy.extensions.transport_sockets.tls.v3.Secret",
    "name",
    "secret.v3.SecretDiscoveryService",
    "Secrets",
    { ...named, tellsRemoval: false },
  ),
  extensionConfig: kind(
    "envoy.config.core.v3.TypedExtensionConfig",
    "name",
    "extension.v3.ExtensionConfigDiscoveryService",
    "ExtensionConfigs",
    { ...named, tellsRemoval: false },
  ),
  runtime: kind("envoy.service.runtime.v3.Runtime", "name", "runtime.v3.RuntimeDiscoveryService", "Runtime", named),
};

const kindByTypeUrl = new Map<string, Kind>(kinds.map((name) => [traits[name].typeUrl, name]));

/** The kind of a type URL; undefined for types that are not served. */
export function kindOf(typeUrl: string): Kind | undefined {
  return kindByTypeUrl.get(typeUrl);
}

function kind(
  message: string,
  nameField: string | undefined,
  service: string,
  methods: string,
  rest: Pick<KindTraits, "fullState" | "wildcardByDefault" | "tellsRemoval">,
): KindTraits {
  return {
    message,
    typeUrl: `type.googleapis.com/${message}`,
    nameField,
    service: `envoy.service.${service}`,
    deltaMethod: `Delta${methods}`,
    sotwMethod: `Stream${methods}`,
    ...rest,
  };
}
