import { accountId } from "#operator/account-id.ts";
import type { MeshPlatform } from "./platform.ts";

type Json = Readonly<Record<string, unknown>>;

/** In the pod: the folder of the SPIRE agent's socket. */
export const AGENT_FOLDER = "/run/spire/agent";
export const AGENT_SOCKET = `${AGENT_FOLDER}/agent.sock`;
/** In the pod: where Envoy's own administration interface is, which nobody reaches but Envoy itself. */
export const RUN_FOLDER = "/run/envoy";
/** Where Envoy says that it is alive and configured, in clear text; nothing else of the pod can have this port. */
export const HEALTH_PORT = 19_002;
/** Answers as soon as Envoy works: which is when its first configuration is there. */
export const LIVE_PATH = "/live";
/** The same of Envoy's own word, which would be another were it told to fail; that it drains its listeners is no reason. */
export const READY_PATH = "/ready";

export const ADMIN_SOCKET = `${RUN_FOLDER}/admin.sock`;
/** By this name the control plane refers to the agent's SDS (xds-control-plane/cluster-view/workloads.ts). */
const AGENT_CLUSTER = "spire_agent";
const XDS_CLUSTER = "xds";
/** The control plane's ServiceAccount (charts/nephele/rbac). */
const XDS_ACCOUNT = "nephele-xds";

/** Of which class an Envoy is, and whose identity it has. */
export interface Proxy {
  /** The node's id: `workload/<namespace>/<ServiceAccount>` or `gateway/<namespace>/<name>`. */
  readonly proxyClass: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * What an Envoy starts from (config.bootstrap.v3.Bootstrap). All else comes over ADS, by mutual TLS with the SVID that the SPIRE
 * agent gives it. Until the first of it is there it serves nothing, its own health included, however long that takes.
 */
export function bootstrapOf(proxy: Proxy, platform: MeshPlatform): Json {
  const ads = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  const control = [{ envoy_grpc: { cluster_name: XDS_CLUSTER, retry_policy: backOff("0.2s", "5s") } }];
  return {
    node: { id: proxy.proxyClass, cluster: proxy.proxyClass },
    admin: { address: { pipe: { path: ADMIN_SOCKET, mode: 0o600 } } },
    dynamic_resources: {
      ads_config: { api_type: "DELTA_GRPC", transport_api_version: "V3", grpc_services: control },
      cds_config: ads,
      lds_config: ads,
    },
    static_resources: {
      listeners: [healthListener()],
      clusters: [xdsCluster(proxy, platform), agentCluster(AGENT_SOCKET), adminCluster()],
    },
  };
}

function backOff(baseInterval: string, maxInterval: string): Json {
  return { retry_back_off: { base_interval: baseInterval, max_interval: maxInterval } };
}

/** Found anew by name, and given up where it does not answer: then another replica is taken. */
function xdsCluster({ namespace, serviceAccount }: Proxy, { xds, trustDomain }: MeshPlatform): Json {
  const own = accountId(trustDomain, namespace, serviceAccount);
  const server = accountId(trustDomain, xds.namespace, XDS_ACCOUNT);
  return {
    ...grpcCluster(XDS_CLUSTER, { socket_address: { address: xds.host, port_value: xds.port } }),
    type: "STRICT_DNS",
    transport_socket: bySvid(own, server, trustDomain),
  };
}

/**
 * A transport socket of mutual TLS by certificates of the SPIRE agent (`agentCluster`).
 *
 * @param own the SPIFFE ID that is shown
 * @param peer the one that has to answer
 */
export function bySvid(own: string, peer: string, trustDomain: string): Json {
  return {
    name: "tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
        alpn_protocols: ["h2"],
        tls_certificate_sds_secret_configs: [agentSecret(own)],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: "URI", matcher: { exact: peer } }],
          },
          validation_context_sds_secret_config: agentSecret(`spiffe://${trustDomain}`),
        },
      },
    },
  };
}

/** The agent speaks State-of-the-World only; it may be asked before it has heard of the entry. */
function agentSecret(name: string): Json {
  return {
    name,
    sds_config: {
      resource_api_version: "V3",
      initial_fetch_timeout: "0s",
      api_config_source: {
        api_type: "GRPC",
        transport_api_version: "V3",
        grpc_services: [{ envoy_grpc: { cluster_name: AGENT_CLUSTER, retry_policy: backOff("0.2s", "2s") } }],
      },
    },
  };
}

/** Where certificates come from. */
export function agentCluster(path: string): Json {
  return { ...grpcCluster(AGENT_CLUSTER, { pipe: { path } }), type: "STATIC" };
}

/** One gRPC server; how its address is found is not said. */
export function grpcCluster(name: string, address: Json): Json {
  const http2 = { connection_keepalive: { interval: "30s", timeout: "10s" } };
  return {
    name,
    connect_timeout: "5s",
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: http2 },
      },
    },
    load_assignment: assignment(name, address),
  };
}

function adminCluster(): Json {
  return { name: "admin", type: "STATIC", load_assignment: assignment("admin", { pipe: { path: ADMIN_SOCKET } }) };
}

function assignment(name: string, address: Json): Json {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

/** For kubelet's probes: two answers, and nothing else of the administration interface. */
function healthListener(): Json {
  const routes = [
    { match: { path: LIVE_PATH }, direct_response: { status: 200 } },
    { match: { path: READY_PATH }, route: { cluster: "admin" } },
  ];
  return {
    name: "health",
    address: { socket_address: { address: "0.0.0.0", port_value: HEALTH_PORT } },
    filter_chains: [
      {
        filters: [
          {
            name: "http",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              stat_prefix: "health",
              route_config: { virtual_hosts: [{ name: "health", domains: ["*"], routes }] },
              http_filters: [
                {
                  name: "router",
                  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
