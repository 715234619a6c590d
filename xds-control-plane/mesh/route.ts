import type { AccessPolicy, BodyLimit, ExternalAuthorization, RateLimitDescriptor } from "./policy.ts";

/** A text that a header, a query parameter or a path must be, or match (RE2 syntax, the whole of it). */
export type ValueMatch =
  | { readonly kind: "exact"; readonly value: string }
  | { readonly kind: "regex"; readonly value: string };

/** `prefix` compares whole elements of a path: /a matches /a and /a/b, not /ab. */
export type PathMatch = ValueMatch | { readonly kind: "prefix"; readonly value: string };

export interface NamedMatch {
  readonly name: string;
  readonly match: ValueMatch;
}

/** All that is said must hold. */
export interface HttpMatch {
  readonly path: PathMatch;
  readonly method?: string;
  readonly headers?: readonly NamedMatch[];
  readonly query?: readonly NamedMatch[];
}

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface HeaderChanges {
  /** Replaces what is there. */
  readonly set?: readonly Header[];
  /** Appends to what is there. */
  readonly add?: readonly Header[];
  readonly remove?: readonly string[];
}

/** What a path becomes: all of it, or the prefix that matched. */
export interface PathChange {
  readonly kind: "full" | "prefix";
  readonly value: string;
}

/** A share of the requests for one service. `undefined` stands for one that is not there: its share is answered with 500. */
export interface WeightedBackend {
  readonly service: string | undefined;
  readonly weight: number;
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
}

export interface Mirror {
  readonly service: string;
  /** How many of a million requests are copied. */
  readonly perMillion: number;
}

export interface Retries {
  /** After the first try. */
  readonly attempts: number;
  /** Answers that are tried again; beside them, failed connections and refused streams are. */
  readonly statusCodes?: readonly number[];
  /** gRPC statuses that are tried again, such as `unavailable`. */
  readonly grpcStatuses?: readonly (
    | "cancelled"
    | "deadline-exceeded"
    | "internal"
    | "resource-exhausted"
    | "unavailable"
  )[];
  readonly backoffMs?: number;
}

/** Faults that are put in on purpose, to see what clients make of them. */
export interface Fault {
  readonly delay?: { readonly ms: number; readonly perMillion: number };
  readonly abort?: { readonly status: number; readonly perMillion: number };
}

export interface Forward {
  readonly kind: "forward";
  /** Where all weights are zero, or there is none, the answer is 500. */
  readonly backends: readonly WeightedBackend[];
  readonly hostname?: string;
  readonly path?: PathChange;
  readonly mirrors?: readonly Mirror[];
  /** From the request's end to the answer's, with all tries; 0 is for ever, 15 s where it is not said. */
  readonly timeoutMs?: number;
  /** Of one try. */
  readonly tryTimeoutMs?: number;
  readonly retries?: Retries;
}

export interface Redirect {
  readonly kind: "redirect";
  readonly status: 301 | 302 | 303 | 307 | 308;
  readonly scheme?: "http" | "https";
  readonly hostname?: string;
  /** The scheme's own where a scheme is given; the listener's where none is. */
  readonly port?: number;
  readonly path?: PathChange;
}

export interface Respond {
  readonly kind: "respond";
  readonly status: number;
  readonly body?: string;
}

/** What the filters do differently for a rule's requests. What is not said is as the listener has it. */
export interface RuleOverrides {
  readonly access?: AccessPolicy;
  /** The name of a requirement of the listener's JWT check. */
  readonly jwtRequirement?: string;
  /** Another service than the listener's, or none: `false`. */
  readonly externalAuthorization?: ExternalAuthorization | false;
  /** The names of those of the listener's limits by which its requests are counted. */
  readonly rateLimits?: readonly string[];
  readonly globalRateLimit?: readonly RateLimitDescriptor[];
  readonly bodyLimit?: BodyLimit;
  readonly fault?: Fault;
}

export interface HttpRule {
  /** Unique among the rules of a listener; in access logs and `config_dump`. */
  readonly name: string;
  /** One of them must hold. Empty: everything matches. */
  readonly matches: readonly HttpMatch[];
  readonly action: Forward | Redirect | Respond;
  readonly requestHeaders?: HeaderChanges;
  readonly responseHeaders?: HeaderChanges;
  readonly overrides?: RuleOverrides;
}

/** The rules for one host name: `*` (all), `*.<domain>` or a name. Among equal matches the rule that stands first wins. */
export interface VirtualHost {
  readonly hostname: string;
  readonly rules: readonly HttpRule[];
}
