import type { KubeObject } from "../api/object.ts";

/**
 * Whether a change of the object itself is news to its own controller: a change of the spec (generation), of labels,
 * annotations, finalizers or the beginning of its deletion. Its status is our own writing.
 */
export function matters(before: KubeObject, after: KubeObject): boolean {
  const [old, now] = [before.metadata, after.metadata];
  return (
    old.uid !== now.uid ||
    now.generation === undefined ||
    old.generation !== now.generation ||
    old.deletionTimestamp !== now.deletionTimestamp ||
    JSON.stringify([old.labels, old.annotations, old.finalizers]) !==
      JSON.stringify([now.labels, now.annotations, now.finalizers])
  );
}
