import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { AccessPolicy, BodyLimit, ExternalAuthorization, GlobalRateLimit, JwtCheck, RateLimit } from "./policy.ts";
import type { Fault, VirtualHost, WeightedBackend } from "./route.ts";
import type { Locality, Service } from "./service.ts";

/** A certificate of a public name. Its key goes to the proxies that serve the name, and nowhere else. */
export interface Certificate {
  /** Unique among a proxy's. */
  readonly name: string;
  /** PEM, the leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
}

/** How a listener secures its connections. */
export type ListenerTls =
  | { readonly kind: "none" }
  /** Mutual TLS of the mesh: the caller must have a certificate of our trust domain. */
  | { readonly kind: "mesh" }
  /** TLS for a public name. The certificates are those of the proxy by name. */
  | { readonly kind: "terminate"; readonly certificates: readonly string[] };

/**
 * What the filters of an HTTP listener do. What is not said is not done, but for `access`, which must be said. A `jwt` or `rateLimits`
 * that has nothing yet is for what comes later: the first of it then changes no listener, so it acts at once on open connections, too.
 */
export interface HttpPolicies {
  readonly access: AccessPolicy;
  readonly jwt?: JwtCheck;
  readonly externalAuthorization?: ExternalAuthorization;
  /** The limits that rules name. */
  readonly rateLimits?: readonly RateLimit[];
  readonly globalRateLimit?: GlobalRateLimit;
  readonly bodyLimit?: BodyLimit;
  readonly fault?: Fault;
  /** Headers that no caller may set, beside those that always are taken away. */
  readonly identityHeaders?: readonly string[];
}

/** HTTP for the names of a chain: TLS tells them apart by SNI. */
export interface HttpChain {
  readonly kind: "http";
  readonly tls: ListenerTls;
  /** The names in SNI that this chain is for; empty for all others. */
  readonly serverNames: readonly string[];
  readonly hosts: readonly VirtualHost[];
  readonly policies: HttpPolicies;
  /** Asked all the time by who is nobody (probes): what its rules answer stands in no access log, what they do not take does. */
  readonly isProbe?: boolean;
}

/** Bytes that are passed on. With TLS `none` and server names, TLS is not ended here (passthrough). */
export interface TcpChain {
  readonly kind: "tcp";
  readonly tls: ListenerTls;
  readonly serverNames: readonly string[];
  readonly backends: readonly WeightedBackend[];
  /** Of the access rules only the callers count. */
  readonly access: AccessPolicy;
  readonly idleTimeoutMs?: number;
}

export interface Listener {
  /** Unique among a proxy's. */
  readonly name: string;
  /** An IP address, or the path of a unix socket. */
  readonly address: string;
  /** 0 for a unix socket. */
  readonly port: number;
  readonly chains: readonly (HttpChain | TcpChain)[];
}

/** Where a proxy's own certificate and the trust domain's authorities come from. They never pass through us. */
export type IdentitySource =
  /** The SPIRE agent's SDS, by a cluster of the proxy's bootstrap. */
  | { readonly kind: "agent"; readonly cluster: string }
  /** Files `svid.pem`, `svid-key.pem` and `bundle.pem` in a folder that is watched for moves, as volumes of Kubernetes are. */
  | { readonly kind: "files"; readonly folder: string };

export interface Tracing {
  /** A service that takes OTLP over gRPC. */
  readonly service: string;
  /** How many of a million requests without a decision of their caller's are traced. */
  readonly perMillion: number;
}

/** A class of proxies that are configured alike: a gateway, or the sidecars of a workload. */
export interface ProxyClass {
  /** The group whose snapshot they get. */
  readonly name: string;
  /** Undefined for proxies that take no part in mutual TLS. */
  readonly identity?: { readonly id: SpiffeId; readonly source: IdentitySource };
  readonly locality?: Locality;
  readonly listeners: readonly Listener[];
  readonly certificates: readonly Certificate[];
  readonly tracing?: Tracing;
  /** JSON lines on standard output. */
  readonly accessLog?: boolean;
}

/** All that proxies are configured from: plain immutable values. Parts that did not change are the same objects. */
export interface Mesh {
  readonly services: ReadonlyMap<string, Service>;
  readonly proxies: ReadonlyMap<string, ProxyClass>;
  /** Identities that nobody lets in or connects to, whatever else is said. */
  readonly denied: ReadonlySet<SpiffeId>;
}
