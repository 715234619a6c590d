/**
 * What a step says when it returns. A thrown error is transient: the pass is tried again with back-off and the last
 * good status is kept.
 */
export type Outcome = Settled | Waiting | Blocked;

/** All is as wanted. */
export interface Settled {
  readonly kind: "settled";
  /** For the Ready condition; what a person would like to read, such as `ACTIVE on node-1`. */
  readonly message?: string;
  /** Look again after this many milliseconds (jittered), for what cannot be watched. */
  readonly pollAfterMs?: number;
}

/** Something else must happen first. A watch wakes the object; `pollAfterMs` only where nothing can be watched. */
export interface Waiting {
  readonly kind: "waiting";
  /** What is waited for, by kind and name: `Flavor small`, `Keystone user dev-1 in domain Default`. */
  readonly for: string;
  /** Default `Progressing`. Another word where the kind documents it, such as `ProjectDisabled`. */
  readonly reason?: string;
  readonly pollAfterMs?: number;
}

/** Nothing will help but a change by a person. The message names the field and what would be right. */
export interface Blocked {
  readonly kind: "blocked";
  readonly reason: "InvalidConfiguration" | "UnrecoverableError";
  readonly message: string;
  /** Where the cause lies outside the object and may be mended there without an event. */
  readonly pollAfterMs?: number;
}

export function settled(options: Omit<Settled, "kind"> = {}): Settled {
  return { kind: "settled", ...options };
}

export function waiting(awaited: string, options: Omit<Waiting, "kind" | "for"> = {}): Waiting {
  return { kind: "waiting", for: awaited, ...options };
}

/** The object's spec asks for what cannot be: `field` is its path, as in `spec.source.secretKeyRef.key`. */
export function invalid(field: string, problem: string, options: { readonly pollAfterMs?: number } = {}): Blocked {
  return { kind: "blocked", reason: "InvalidConfiguration", message: `${field}: ${problem}`, ...options };
}

export function unrecoverable(message: string, options: { readonly pollAfterMs?: number } = {}): Blocked {
  return { kind: "blocked", reason: "UnrecoverableError", message, ...options };
}
