import type { KubeObject } from "../api/object.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The object without what no controller reads and what is often half of its size: managedFields and kubectl's copy of
 * the last manifest. (The copy may also hold what a person should not have put there.) The object given is changed and
 * given back. Metadata is copied without the field instead of deleting it: V8 turns an object from which a property was
 * deleted into a hash table, which takes 400 bytes more and is slower to read.
 */
export function stripNoise<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & { readonly managedFields?: unknown };
  if (metadata.annotations?.[LAST_APPLIED] === undefined) return Object.assign(object, { metadata });
  const { [LAST_APPLIED]: _copy, ...annotations } = metadata.annotations;
  return Object.assign(object, { metadata: { ...metadata, annotations } });
}
