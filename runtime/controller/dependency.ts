import type { KubeObject, ObjectKey } from "../api/object.ts";
import type { Resource } from "../api/resource.ts";

/**
 * That objects of one kind need objects of another. From this one value the runtime makes the index (who names whom),
 * the watch (a change of the one wakes the others) and, where `guard` is set, the deletion guard: a finalizer on the
 * needed object, set the moment before it is used and removed when nobody names it any more.
 */
export interface Dependency<F extends KubeObject, D extends KubeObject> {
  /** Unique among the dependencies of `from`; names the index, and the finalizer `nephele.dev/<from>-<name>`. */
  readonly name: string;
  readonly from: Resource<F>;
  readonly on: Resource<D>;
  /** The keys that an object names. A namespaced dependency's key carries its namespace. */
  readonly keys: (object: F) => readonly ObjectKey[];
  /** Those of `keys` that are waited for, where others are only held. Default: all. */
  readonly required?: (object: F) => readonly ObjectKey[];
  /** Undefined when `by` can use `on`; else what is missing, in words that follow "waits for". */
  readonly awaits?: (on: D, by: F) => string | undefined;
  readonly guard?: boolean;
}

export function dependsOn<F extends KubeObject, D extends KubeObject>(dependency: Dependency<F, D>): Dependency<F, D> {
  return dependency;
}

/** The finalizer by which referrers of one kind hold what they use. */
export function guardFinalizer(dependency: Dependency<KubeObject, KubeObject>): string {
  return `nephele.dev/${dependency.from.kind.toLowerCase()}-${dependency.name}`;
}

/** The name of the index over `from` that a dependency gives. */
export function dependencyIndex(dependency: Dependency<KubeObject, KubeObject>): string {
  return `depends:${dependency.name}`;
}
