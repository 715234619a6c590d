import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import type { KubeObject, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { LifeBed } from "../life-bed.ts";

type Kind = KubeObject<unknown, { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number }>;

/** Whether the object is Ready as its present spec says. */
export async function isReady(bed: Pick<LifeBed, "kube">, resource: Resource, key: ObjectKey): Promise<boolean> {
  const object = (await bed.kube.get(resource, key)) as Kind | undefined;
  const { conditions, observedGeneration } = object?.status ?? {};
  return isTrue(conditions, "Ready") && observedGeneration === object?.metadata.generation;
}

export async function isGone(bed: Pick<LifeBed, "kube">, resource: Resource, key: ObjectKey): Promise<boolean> {
  return (await bed.kube.get(resource, key)) === undefined;
}
