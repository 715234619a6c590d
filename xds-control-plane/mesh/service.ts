import type { SpiffeId } from "#spiffe/spiffe-id.ts";

/** Where something runs; zones are unique within their region. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
}

export interface Endpoint {
  /** An IP address, or the path of a unix socket. */
  readonly address: string;
  /** 0 for a unix socket. */
  readonly port: number;
  readonly locality?: Locality;
  /** Share of the load among the endpoints of a locality, from 1. */
  readonly weight?: number;
}

/** What an upstream speaks. `http2` is HTTP/2 with prior knowledge (gRPC). */
export type UpstreamProtocol = "tcp" | "http1" | "http2";

/** How connections to a service are secured. */
export type UpstreamTls =
  | { readonly kind: "none" }
  /** Mutual TLS of the mesh: our SVID is shown, and the other end must have one of these identities. */
  | { readonly kind: "mesh"; readonly identities: readonly SpiffeId[] }
  /** TLS to something that is no workload of the mesh (BackendTLSPolicy). */
  | {
      readonly kind: "tls";
      /** Sent as SNI, and what the certificate must be for unless `names` says. */
      readonly hostname: string;
      /** Certificates of the authorities, PEM; the proxy's system's where they are not given. */
      readonly authorities?: string;
      /** Other names, one of which the certificate must be for. */
      readonly names?: readonly { readonly kind: "dns" | "uri"; readonly value: string }[];
    };

/** Hosts that fail are left out for a while (passive health checks). */
export interface OutlierDetection {
  /** So many 5xx answers in a row (or failed connections) put a host out. */
  readonly consecutiveErrors: number;
  readonly intervalMs: number;
  /** How long a host stays out, times how often it was put out. */
  readonly ejectionMs: number;
  /** At most so many of the hosts are out at a time, percent. */
  readonly maxEjectedPercent: number;
}

/** What is beyond these limits is refused with 503 at once. */
export interface CircuitBreaker {
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxRequests?: number;
  readonly maxRetries?: number;
}

export interface Service {
  /** Unique in the mesh: `<namespace>/<name>:<port>` for what comes from a cluster. */
  readonly name: string;
  readonly protocol: UpstreamProtocol;
  readonly tls: UpstreamTls;
  readonly endpoints: readonly Endpoint[];
  readonly connectTimeoutMs?: number;
  readonly outlierDetection?: OutlierDetection;
  readonly circuitBreaker?: CircuitBreaker;
  /**
   * `nearest`: requests go to the proxy's own zone, to the region where too few hosts of the zone are healthy, and
   * elsewhere after that. `spread` (where it is not said): to all alike.
   */
  readonly locality?: "nearest" | "spread";
}
