import type { KubeObject, ObjectKey } from "../api/object.ts";
import type { Resource } from "../api/resource.ts";

/**
 * The watched world as the last events left it. A read of a kind or namespace whose first list has not arrived throws
 * {@link NotSyncedError}, so that "not there" is never said too early.
 */
export interface CacheReader {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[];
  /** Objects found under `key` of a named index. */
  byIndex<T extends KubeObject>(resource: Resource<T>, indexName: string, key: string): readonly T[];
  /** Whether `list` of the kind (in the namespace) would answer. */
  hasSynced(resource: Resource, namespace?: string): boolean;
  /** Whether a namespace is not listed because we may not: nothing of it will be known until somebody gives us the right. */
  isForbidden(resource: Resource, namespace: string): boolean;
}

/** A cache was asked before it was filled, or is behind what is there; the pass is tried again soon and nobody is told. */
export class NotSyncedError extends Error {
  override readonly name = "NotSyncedError";
}
