import type { Deployment, StatefulSet } from "../resources.ts";

export interface Rollout {
  /** Whether as many pods as are wanted are of the present template and ready. */
  readonly complete: boolean;
  /** Whether somebody answers. */
  readonly serves: boolean;
  /** In numbers, for people: `1 of 2 pods are ready`. */
  readonly said: string;
}

/** How far the pods of a Deployment or a StatefulSet are. Pure. */
export function rolloutOf(workload: Deployment | StatefulSet | undefined): Rollout {
  const wanted = workload?.spec?.replicas ?? 1;
  const status = workload?.status;
  const seen = workload !== undefined && status?.observedGeneration === workload.metadata.generation;
  const ready = status?.readyReplicas ?? 0;
  const updated = status?.updatedReplicas ?? 0;
  return {
    complete: seen && ready >= wanted && updated >= wanted && (status?.replicas ?? 0) === wanted,
    serves: ready > 0,
    said: `${ready} of ${wanted} ${wanted === 1 ? "pod is" : "pods are"} ready${updated < wanted ? `, ${updated} of them new` : ""}`,
  };
}
