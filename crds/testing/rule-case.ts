/** A JSON merge patch (RFC 7386): null removes, objects are merged, everything else replaces. */
export type Patch = { readonly [field: string]: unknown };

/** An object to send. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** One fault that the API server must refuse. */
export interface RuleCase {
  /** The fault in a sentence. */
  readonly says: string;
  /** Given: the fault is a change of an object that was made of the base and this. Else it is there from the start. */
  readonly before?: Patch;
  /** With `before`: what stands in its status then. */
  readonly status?: Patch;
  readonly fault: Patch;
  /** The same without the fault, which must be accepted. Default: the base; for a change, one that changes nothing. */
  readonly control?: Patch;
  /** Where the refusal says that the fault is, such as `spec.members[0].role`; empty for the object itself. */
  readonly at: string;
  /** What the refusal says. */
  readonly refusedWith: string;
}

/** The cases of one kind. */
export interface RuleTable {
  readonly kind: string;
  readonly plural: string;
  /** An object without a fault. `metadata.name` is the beginning of the names that are used. */
  readonly base: Manifest;
  readonly cases: readonly RuleCase[];
}

/** `target` with a merge patch applied; neither is changed. */
export function merge<T>(target: T, patch: Patch): T {
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = isObject(value) ? merge(merged[name] ?? {}, value) : value;
  }
  return merged as T;
}

function isObject(value: unknown): value is Patch {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
