// Generated from crds/edgepolicy.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** An EdgePolicy says how many and how large requests the proxies of a Gateway pass on, which tokens they refuse before a service sees them, and who else decides on each. */
export interface EdgePolicy extends KubeObject<EdgePolicySpec, EdgePolicyStatus> {
  readonly spec: EdgePolicySpec;
}

/** What of whose requests is refused. */
export interface EdgePolicySpec {
  /** The HTTPRoutes of this namespace that it is for, or rules of theirs. Of two policies for the same one the older counts; one that names a rule comes before one for the whole route. */
  readonly targetRefs: readonly EdgePolicyTargetRef[];
  /** How many requests pass. What is too much for one of them is answered with 429 and Retry-After. Each proxy counts for itself, and each of a Gateway's listeners. */
  readonly rateLimits?: readonly EdgePolicyRateLimit[];
  /** The largest body of a request, as a quantity: 64Ki. A larger one is answered with 413. A request is held until it is whole, so this is not for streams. */
  readonly bodyLimit?: string;
  readonly jwt?: EdgePolicyJwt;
  readonly externalAuth?: EdgePolicyExternalAuth;
}

/** An HTTPRoute of the namespace, or one of its rules. */
export interface EdgePolicyTargetRef {
  /** Its group. */
  readonly group: string;
  /** Its kind. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** The name of one of its rules. All of them where it is not said. */
  readonly sectionName?: string;
}

/** One limit. It counts the requests of all the targets together. */
export interface EdgePolicyRateLimit {
  /** Its name. */
  readonly name: string;
  /** What is counted apart. Without it all requests are counted together. */
  readonly by: readonly EdgePolicyRateLimitBy[];
  /** How many pass in that time, and how many at once after a rest. */
  readonly requests: number;
  /** The time, as Gateway API writes it: 1s, 1m, 1h30m. At most a day. */
  readonly per: string;
}

/** One thing by which requests are told apart. A request that lacks it is not counted. */
export interface EdgePolicyRateLimitBy {
  /** RemoteAddress: the address that the connection comes from, of IPv6 its first 64 bits; what a request says of its way is not believed. Claim: a claim of the token that jwt checked. */
  readonly type: "RemoteAddress" | "Claim";
  /** The claim's name. */
  readonly claim?: string;
}

/** A first check of tokens: one that is not signed by one of the keys, or has ended, or never ends, is answered with 401. What it may is for the service to say. */
export interface EdgePolicyJwt {
  /** The public keys, as a JSON Web Key Set (RFC 7517). A token passes that one of them signed, so a key is to stand here before it signs, and as long as tokens of it live. */
  readonly jwks: string;
  /** The header with the token. Of Authorization it is what stands after Bearer. */
  readonly header: string;
  /** Whether a request without a token is refused, too. */
  readonly required: boolean;
  /** WWW-Authenticate of the refusal (RFC 9110), where it is not to be the scheme Bearer's: Keystone uri="https://cloud.example.org/identity/v3". */
  readonly challenge?: string;
}

/** A service that decides on each request, by Envoy's external authorization (gRPC), such as Nephele's own for Rego. It is told the request's headers and the claims of the token that jwt checked. Where it is away, the request is answered with 503. */
export interface EdgePolicyExternalAuth {
  readonly backendRef: EdgePolicyExternalAuthBackendRef;
}

/** A Service of this namespace, in the mesh or with a BackendTLSPolicy: what is asked in clear text is not accepted. */
export interface EdgePolicyExternalAuthBackendRef {
  /** Its name. */
  readonly name: string;
  /** One of its ports. */
  readonly port: number;
}
/** What became of it. */
export interface EdgePolicyStatus {
  /** What became of it for each of its targets, as Gateway API's PolicyStatus. */
  readonly ancestors?: readonly EdgePolicyStatusAncestor[];
}

/** One target, and what one controller says of it. */
export interface EdgePolicyStatusAncestor {
  readonly ancestorRef: EdgePolicyStatusAncestorAncestorRef;
  /** Who says it. */
  readonly controllerName: string;
  /** What is so and what is not. Accepted: the target is served by a Gateway of ours, and no older policy is for it. Programmed: the proxies are told of it. */
  readonly conditions?: readonly Condition[];
}

/** The target. */
export interface EdgePolicyStatusAncestorAncestorRef {
  /** Its group. */
  readonly group?: string;
  /** Its kind. */
  readonly kind?: string;
  /** Its name. */
  readonly name: string;
  /** The name of a rule. */
  readonly sectionName?: string;
}
