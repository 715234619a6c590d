import type { KubeObject } from "../api/object.ts";
import { SharedStrings } from "./shared-strings.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
/** Of the whole process: all that is cached comes through here. */
const strings = new SharedStrings();

/**
 * The object without what no controller reads and what is often half of its size: managedFields and kubectl's copy of
 * the last manifest. (The copy may also hold what a person should not have put there.) The object given is changed and
 * given back. Metadata is copied without the field instead of deleting it: V8 turns an object from which a property was
 * deleted into a hash table, which takes 400 bytes more and is slower to read. Texts that many objects have in common are
 * kept once.
 */
export function stripNoise<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as T["metadata"] & { readonly managedFields?: unknown };
  const { [LAST_APPLIED]: copy, ...annotations } = metadata.annotations ?? {};
  const clean = Object.assign(object, { metadata: copy === undefined ? metadata : { ...metadata, annotations } });
  strings.share(clean);
  return clean;
}
