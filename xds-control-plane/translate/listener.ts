import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { HttpChain, Listener, ProxyClass, TcpChain } from "../mesh/mesh.ts";
import type { WeightedBackend } from "../mesh/route.ts";
import type { Json } from "../snapshot/resource.ts";
import { accessLog } from "./access-log.ts";
import { address, ads, defined, duration, extension } from "./envoy.ts";
import { deniedOf } from "./filters/denied.ts";
import { rbac } from "./filters/rbac.ts";
import { httpFilters } from "./http-filters.ts";
import { mutations } from "./identity-headers.ts";
import { refusals } from "./local-replies.ts";
import { downstreamTls } from "./tls.ts";
import { tracing } from "./tracing.ts";

/** The name of a chain: of its routes and discovered filters. */
export function chainName(listener: Listener, chain: HttpChain | TcpChain): string {
  const [first] = [...chain.serverNames].sort();
  return first === undefined ? listener.name : `${listener.name}/${first}`;
}

export function listener(of: Listener, proxy: ProxyClass, denied: ReadonlySet<SpiffeId>): Json {
  const isTold = of.chains.some(({ serverNames }) => serverNames.length > 0);
  return defined({
    name: of.name,
    address: address(of),
    // Without it a passed-on connection's names are not read.
    listenerFilters: isTold
      ? [
          extension(
            "envoy.filters.listener.tls_inspector",
            "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
          ),
        ]
      : undefined,
    filterChains: of.chains.map((chain) => filterChain(of, chain, proxy, denied)),
    perConnectionBufferLimitBytes: 1_048_576,
  });
}

function filterChain(
  of: Listener,
  chain: HttpChain | TcpChain,
  proxy: ProxyClass,
  denied: ReadonlySet<SpiffeId>,
): Json {
  const name = chainName(of, chain);
  return defined({
    name,
    filterChainMatch: chain.serverNames.length === 0 ? undefined : { serverNames: chain.serverNames },
    filters:
      chain.kind === "http"
        ? [...deniedOf(chain, denied), connectionManager(chain, name, proxy)]
        : tcpFilters(chain, name, proxy, denied),
    transportSocket: downstreamTls(chain.tls, proxy, chain.kind),
    // Whoever connects and says nothing holds nothing.
    transportSocketConnectTimeout: "15s",
  });
}

function connectionManager(chain: HttpChain, name: string, proxy: ProxyClass): Json {
  const isMesh = chain.tls.kind === "mesh";
  return extension(
    "http",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    defined({
      statPrefix: name,
      rds: { routeConfigName: name, configSource: ads },
      httpFilters: httpFilters(chain, name),
      // What the peer says about itself counts for nothing; in the mesh the service is told what its certificate says.
      ...(isMesh
        ? { forwardClientCertDetails: "SANITIZE_SET", setCurrentClientCertDetails: { uri: true } }
        : { forwardClientCertDetails: "SANITIZE" }),
      earlyHeaderMutationExtensions: [
        extension(
          "envoy.http.early_header_mutation.header_mutation",
          "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
          { mutations: mutations(chain.policies.identityHeaders ?? []) },
        ),
      ],
      useRemoteAddress: true,
      // A member of the mesh proved who it is, and its word counts on how it was called itself: an application that called its
      // sidecar by plain HTTP would else be told links of https, which it cannot follow.
      xffNumTrustedHops: isMesh ? 1 : undefined,
      // Rules compare paths: what a service may read as another path does not pass.
      normalizePath: true,
      mergeSlashes: true,
      pathWithEscapedSlashesAction: "REJECT_REQUEST",
      commonHttpProtocolOptions: {
        idleTimeout: "300s",
        // Services of CGI's descent read X_Roles as X-Roles.
        headersWithUnderscoresAction: "DROP_HEADER",
      },
      http2ProtocolOptions: {
        maxConcurrentStreams: 100,
        initialStreamWindowSize: 65_536,
        initialConnectionWindowSize: 1_048_576,
      },
      requestHeadersTimeout: "10s",
      upgradeConfigs: [{ upgradeType: "websocket" }],
      localReplyConfig: refusals(chain.policies.jwt),
      tracing: proxy.tracing && tracing(proxy.tracing, proxy.name),
      accessLog: proxy.accessLog === true ? accessLog("http", chain.isProbe === true ? "refused" : "all") : undefined,
    }),
  );
}

function tcpFilters(chain: TcpChain, name: string, proxy: ProxyClass, denied: ReadonlySet<SpiffeId>): readonly Json[] {
  const backends = chain.backends.filter(({ service, weight }) => service !== undefined && weight > 0);
  const access = extension("access", "envoy.extensions.filters.network.rbac.v3.RBAC", {
    statPrefix: name,
    ...rbac(chain.access, "tcp"),
  });
  // Nobody is there to speak to: the connection is closed.
  if (backends.length === 0) {
    return [extension("nowhere", "envoy.extensions.filters.network.direct_response.v3.Config")];
  }
  return [
    ...deniedOf(chain, denied),
    access,
    extension(
      "tcp",
      "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      defined({
        statPrefix: name,
        ...target(backends),
        idleTimeout: chain.idleTimeoutMs === undefined ? undefined : duration(chain.idleTimeoutMs),
        accessLog: proxy.accessLog === true ? accessLog("tcp") : undefined,
      }),
    ),
  ];
}

function target(backends: readonly WeightedBackend[]): Json {
  const [only] = backends;
  if (backends.length === 1) return { cluster: only?.service };
  return { weightedClusters: { clusters: backends.map(({ service, weight }) => ({ name: service, weight })) } };
}
