import type { Pod } from "#operator/api/foreign.ts";

/** Why no node takes a pod, in the scheduler's words; undefined where one has, or nobody has looked yet. Pure. */
export function unplaced({ status }: Pod): string | undefined {
  return status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False")?.message;
}
