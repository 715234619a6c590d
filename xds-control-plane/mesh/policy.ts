import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { PathMatch } from "./route.ts";

/** A claim of a checked token: a text that it must be, or hold where it is a list. */
export interface ClaimMatch {
  /** The JWT provider that checked the token. */
  readonly provider: string;
  /** The way to the claim, such as `["realm", "role"]`. */
  readonly path: readonly string[];
  readonly value: string;
  readonly isList?: boolean;
}

/** A caller by its identity, or all identities whose path goes on, by whole segments, after this ID or trust domain. */
export type CallerMatch = SpiffeId | { readonly below: string };

/** Who may call what. All that is said must hold; of a list, one. */
export interface AccessRule {
  readonly name: string;
  /** Identities of the callers' certificates; where it is not said, any caller's, also one without a certificate. */
  readonly callers?: readonly CallerMatch[];
  readonly paths?: readonly PathMatch[];
  readonly methods?: readonly string[];
  readonly claims?: readonly ClaimMatch[];
}

/** `everyone`, or what one of the rules allows: no rule, no caller. */
export type AccessRules = "everyone" | readonly AccessRule[];

export interface AccessPolicy {
  readonly enforced: AccessRules;
  /** Rules that are counted and logged as if they held, and refuse nobody. */
  readonly trial?: readonly AccessRule[];
}

export interface JwtProvider {
  readonly name: string;
  /** What `iss` must be; Keystone's tokens have none. */
  readonly issuer?: string;
  readonly audiences?: readonly string[];
  /** The keys: given as a JWKS, or fetched from a service. */
  readonly keys:
    | { readonly kind: "inline"; readonly jwks: string }
    | { readonly kind: "remote"; readonly service: string; readonly uri: string; readonly cacheMs: number };
  /** Where the token is; the Authorization header's Bearer token where none is said. */
  readonly headers?: readonly { readonly name: string; readonly prefix?: string }[];
  /** Whether the request goes on with its token. */
  readonly forward: boolean;
}

/**
 * Which tokens a request needs: one of any of these providers; none, but a valid one if it has one (`isOptional`). What has no such
 * token is answered with 401.
 */
export interface JwtRequirement {
  readonly name: string;
  readonly providers: readonly string[];
  readonly isOptional?: boolean;
  /** `WWW-Authenticate` of a refusal (RFC 9110, 11.6.1); a challenge of the scheme Bearer where it is not said. */
  readonly challenge?: string;
}

export interface JwtCheck {
  readonly providers: readonly JwtProvider[];
  readonly requirements: readonly JwtRequirement[];
  /** The requirement of rules that name none; without it nothing is asked of them. */
  readonly standard?: string;
}

/**
 * A service that decides on each request, by Envoy's ext_authz protocol; it is told the caller's identity and the claims of
 * checked tokens. Without an answer the request is refused with 503.
 */
export interface ExternalAuthorization {
  readonly service: string;
  readonly timeoutMs: number;
}

/**
 * What requests are counted apart by: the caller's address as the proxy sees it (of IPv6 its first 64 bits, for who has one address
 * there has all of these), or a claim of its checked token.
 */
export type RateLimitKey =
  | { readonly kind: "remoteAddress" }
  | { readonly kind: "claim"; readonly provider: string; readonly path: readonly string[] };

/**
 * A bucket of tokens for each value of what is counted by, for all rules that name the limit. It is filled evenly; a request takes a
 * token, or is answered with 429 and Retry-After. A request that lacks a claim is not counted. Each proxy has buckets of its own, so
 * that n proxies let n times as much through.
 */
export interface RateLimit {
  /** Unique among the limits of a chain. */
  readonly name: string;
  /** Each pair of different keys is a bucket of its own; without a key there is one bucket for all. */
  readonly by: readonly RateLimitKey[];
  /** How many in `perMs`, and how many at once after a rest. */
  readonly requests: number;
  readonly perMs: number;
}

export type RateLimitEntry =
  | { readonly kind: "remoteAddress" }
  | { readonly kind: "header"; readonly name: string; readonly key: string }
  | { readonly kind: "claim"; readonly provider: string; readonly path: readonly string[]; readonly key: string }
  | { readonly kind: "constant"; readonly key: string; readonly value: string };

/** What one limit counts by. A request that lacks one of the entries is not counted by it. */
export type RateLimitDescriptor = readonly RateLimitEntry[];

/** A service that counts for all proxies, by Envoy's rate-limit protocol. Without an answer requests are refused. */
export interface GlobalRateLimit {
  readonly service: string;
  readonly domain: string;
  readonly timeoutMs: number;
  readonly descriptors: readonly RateLimitDescriptor[];
}

/** Larger requests are answered with 413. A request is held until it is whole, so it is not for streams. */
export interface BodyLimit {
  readonly maxBytes: number;
}
