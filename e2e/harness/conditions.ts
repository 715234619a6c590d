import { type Condition, findCondition } from "#runtime/api/conditions.ts";
import { type KubeObject, keyText, type ObjectKey } from "#runtime/api/object.ts";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { eventually } from "./eventually.ts";

type Kind = KubeObject<unknown, { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number }>;

/** Waits until a condition of the object's present generation is as said, and gives the object. */
export async function untilCondition<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  key: ObjectKey,
  expected: { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: RegExp },
  withinMs?: number,
): Promise<T> {
  let last: unknown;
  const { type, status, reason, message } = expected;
  const words = `${resourceName(resource)} ${keyText(key)} to have ${type}=${status}${reason === undefined ? "" : ` (${reason})`}`;
  return eventually(
    words,
    async () => {
      const object = await kube.get(resource, key);
      const { conditions, observedGeneration } = (object as Kind | undefined)?.status ?? {};
      last = conditions;
      const condition = findCondition(conditions, type);
      if (object === undefined || condition === undefined || observedGeneration !== object.metadata.generation)
        return undefined;
      const fits =
        condition.status === status &&
        (reason === undefined || condition.reason === reason) &&
        (message === undefined || message.test(condition.message));
      return fits ? object : undefined;
    },
    { seen: () => last, ...(withinMs === undefined ? {} : { withinMs }) },
  );
}

export function untilReady<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  key: ObjectKey,
  withinMs?: number,
): Promise<T> {
  return untilCondition(kube, resource, key, { type: "Ready", status: "True" }, withinMs);
}

export async function untilGone(
  kube: KubeClient,
  resource: Resource,
  key: ObjectKey,
  withinMs?: number,
): Promise<void> {
  let last: unknown;
  await eventually(
    `${resourceName(resource)} ${keyText(key)} to be gone`,
    async () => {
      const object = await kube.get(resource, key);
      last = (object as Kind | undefined)?.status?.conditions?.[0]?.message;
      return object === undefined;
    },
    { seen: () => last, ...(withinMs === undefined ? {} : { withinMs }) },
  );
}
