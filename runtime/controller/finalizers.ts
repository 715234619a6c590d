import { type KubeObject, keyOf } from "../api/object.ts";
import type { Resource } from "../api/resource.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}

/**
 * Adds a finalizer unless it is there, before anything is made that its owner must clean up.
 * @returns the object as it is then; undefined where it went, or began to go, in the meantime
 */
export function addFinalizer<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T | undefined> {
  return change(kube, resource, object, (finalizers, deleting) =>
    deleting || finalizers.includes(finalizer) ? undefined : [...finalizers, finalizer],
  );
}

/** Takes a finalizer away unless it is gone, when all that it held back has been done. */
export async function removeFinalizer<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  await change(kube, resource, object, (finalizers) =>
    finalizers.includes(finalizer) ? finalizers.filter((other) => other !== finalizer) : undefined,
  );
}

/** A patch with the version that was read: a finalizer that somebody else sets meanwhile is not lost. */
async function change<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  next: (finalizers: readonly string[], deleting: boolean) => readonly string[] | undefined,
): Promise<T | undefined> {
  let current: T | undefined = object;
  for (;;) {
    const { uid, resourceVersion, deletionTimestamp, finalizers = [] }: KubeObject["metadata"] = current.metadata;
    const wanted = next(finalizers, deletionTimestamp !== undefined);
    if (wanted === undefined) return deletionTimestamp === undefined ? current : undefined;
    try {
      return await kube.mergePatch(resource, keyOf(object), { metadata: { uid, resourceVersion, finalizers: wanted } });
    } catch (error) {
      if (!isApiError(error, "Conflict")) throw error;
      current = await kube.get(resource, keyOf(object));
      if (current === undefined || current.metadata.uid !== uid) return undefined;
    }
  }
}
