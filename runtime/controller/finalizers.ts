import { type KubeObject, keyOf, keyText } from "../api/object.ts";
import { type Resource, resourceName } from "../api/resource.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import { NotSyncedError } from "../watch/cache.ts";

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

/**
 * A patch with the version that was read: a finalizer that somebody else sets meanwhile is not lost.
 * @throws NotSyncedError when the object is another by now: the cache will know soon, and the pass comes again
 */
async function change<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource<T>,
  object: T,
  next: (finalizers: readonly string[], deleting: boolean) => readonly string[] | undefined,
): Promise<T | undefined> {
  const { uid, resourceVersion, deletionTimestamp, finalizers = [] } = object.metadata;
  const wanted = next(finalizers, deletionTimestamp !== undefined);
  if (wanted === undefined) return deletionTimestamp === undefined ? object : undefined;
  try {
    return await kube.mergePatch(resource, keyOf(object), { metadata: { uid, resourceVersion, finalizers: wanted } });
  } catch (error) {
    if (!isApiError(error, "Conflict")) throw error;
    throw new NotSyncedError(`${resourceName(resource)} ${keyText(keyOf(object))} has changed since it was seen`);
  }
}
