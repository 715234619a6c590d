import type { Cloud } from "#operator/api/generated/cloud.ts";
import { isDeleting, type KubeObject, type ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CloudScope } from "../scope.ts";

/** Whether an object was made for the Cloud, and is not somebody else's of the same name. */
export function isOwn(object: Pick<KubeObject, "metadata"> | undefined, { metadata }: Cloud): boolean {
  return object?.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true;
}

/** Takes away what was made for the Cloud by a name; whether it is there still. */
export async function removeOwn(
  { cache, kube, object }: CloudScope,
  resource: Resource,
  name: string,
): Promise<boolean> {
  const key: ObjectKey = { namespace: object.metadata.namespace ?? "", name };
  const current = cache.get(resource, key);
  if (current === undefined || !isOwn(current, object)) return false;
  if (!isDeleting(current)) await kube.delete(resource, key, { uid: current.metadata.uid, propagation: "Foreground" });
  return true;
}
