import type { KubeObject } from "../api/object.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Takes away, in place, what no controller reads and what is often half of an object's size: managedFields and
 * kubectl's copy of the last manifest. (The copy may also hold what a person should not have put there.)
 */
export function stripNoise<T extends KubeObject>(object: T): T {
  const metadata = object.metadata as { managedFields?: unknown; annotations?: Record<string, string> };
  delete metadata.managedFields;
  if (metadata.annotations !== undefined) delete metadata.annotations[LAST_APPLIED];
  return object;
}
