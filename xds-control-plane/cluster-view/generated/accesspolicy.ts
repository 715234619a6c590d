// Generated from crds/accesspolicy.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** An AccessPolicy says who may call Services of the mesh in its namespace. What no policy allows is refused. */
export interface AccessPolicy extends KubeObject<AccessPolicySpec, AccessPolicyStatus> {
  readonly spec: AccessPolicySpec;
}

/** Whom it lets call what. */
export interface AccessPolicySpec {
  /** The Services that it is for. Policies for the same Service add up. */
  readonly targetRefs: readonly AccessPolicyTargetRef[];
  /** Audit counts and logs what the policy would refuse, and refuses nobody. A Service that has policies of the mode Enforce goes on to refuse what none of those allows. */
  readonly mode: "Enforce" | "Audit";
  /** What is allowed. A call passes where one of the rules allows it; without any rule nobody passes. */
  readonly rules?: readonly AccessPolicyRule[];
}

/** A Service of the namespace, or one of its ports. */
export interface AccessPolicyTargetRef {
  /** Its group; the core group has no name. */
  readonly group: string;
  /** Its kind. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
  /** The name of one of its ports. All of them where it is not said. */
  readonly sectionName?: string;
}

/** One thing that is allowed. All that it says must hold. */
export interface AccessPolicyRule {
  /** Who calls, by the SPIFFE ID in the certificate. */
  readonly callers: readonly AccessPolicyRuleCaller[];
  /**
   * Methods of HTTP. All where none is said.
   *
   * Items: A method.
   */
  readonly methods?: readonly ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE")[];
  /** Paths of HTTP. All where none is said. */
  readonly paths?: readonly AccessPolicyRulePath[];
}

/** One caller, or all below a path. */
export interface AccessPolicyRuleCaller {
  /** The SPIFFE ID. */
  readonly id?: string;
  /** A trust domain, or the first segments of a path: all SPIFFE IDs whose path goes on after them. */
  readonly prefix?: string;
  /** Whether its pods call by their sidecars, which then have the Service on loopback: the default. false for who calls by an SVID of its own. */
  readonly sidecar?: boolean;
}

/** One path, or all below it. */
export interface AccessPolicyRulePath {
  /** Exact, or PathPrefix: by whole elements, so that /a is for /a and /a/b and not for /ab. */
  readonly type: "Exact" | "PathPrefix";
  /** The path, as it is after dots and doubled slashes are resolved. */
  readonly value: string;
}
/** What became of it. */
export interface AccessPolicyStatus {
  /** What became of it for each of its targets, as Gateway API's PolicyStatus. */
  readonly ancestors?: readonly AccessPolicyStatusAncestor[];
}

/** One target, and what one controller says of it. */
export interface AccessPolicyStatusAncestor {
  readonly ancestorRef: AccessPolicyStatusAncestorAncestorRef;
  /** Who says it. */
  readonly controllerName: string;
  /** What is so and what is not. Accepted: the target is a Service of the mesh, and the rules fit it. Programmed: the proxies are told of it. */
  readonly conditions?: readonly Condition[];
}

/** The target. */
export interface AccessPolicyStatusAncestorAncestorRef {
  /** Its group. */
  readonly group?: string;
  /** Its kind. */
  readonly kind?: string;
  /** Its name. */
  readonly name: string;
  /** The name of a port. */
  readonly sectionName?: string;
}
