import { isBuilt, isOverQuota, plus, QUOTA_EXCEEDED, takenByBuilt } from "#operator/amounts.ts";
import { persistentVolumeClaims } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import { ownerOf, takenByLeftovers } from "#operator/leftovers.ts";
import { imageVerdicts } from "#operator/quota.ts";
import { hasVolume, quotaContents } from "#operator/quota-contents.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";

/** An importer is sent only within the Project's quota of storage. What was imported once stays. */
export async function checkQuota(scope: ImageScope): Promise<Outcome> {
  const { context, project, volume, admissions } = scope;
  const { object: image, cache } = context;
  const quota = project?.spec.quota;
  if (volume !== undefined || image.status?.volume !== undefined || quota?.storage === undefined) return settled();
  const { namespace = "" } = image.metadata;
  const there = quotaContents(namespace, cache);
  admissions.keep(namespace, there.images);
  const withMachine = new Set(there.machines.map(ownerOf));
  const taken = there.servers
    .filter((server) => isBuilt(server) || withMachine.has(server.metadata.uid))
    .map((server) => takenByBuilt(server, isOverQuota(server), there))
    .reduce(plus, takenByLeftovers(there));
  const sized = await sizedByOrigin(scope);
  const all = there.images.map((other) => (other.metadata.uid === image.metadata.uid ? sized : other));
  const isLetIn = (other: Image): boolean =>
    hasVolume(other, cache) || (other.metadata.uid !== image.metadata.uid && admissions.has(other));
  const verdict = imageVerdicts(all, quota, taken, isLetIn).get(image.metadata.uid);
  if (verdict?.kind !== "exceeded") {
    // Said before anything is awaited, so that the next pass counts it.
    admissions.add(image);
    return settled();
  }
  admissions.remove(image);
  scope.overQuota = verdict.what;
  return waiting(`quota of Project ${project?.metadata.name}: ${verdict.what}`, { reason: QUOTA_EXCEEDED });
}

/**
 * A copy of a claim is as large as that, where its Image does not say how large it is to be. It is said in the status, so that the
 * Project and other Images count it too.
 */
async function sizedByOrigin(scope: ImageScope): Promise<Image> {
  const image = scope.context.object;
  const { source, minDisk } = image.spec;
  if (source.volume === undefined || minDisk !== undefined || image.status?.size !== undefined) return image;
  const key = { namespace: image.metadata.namespace ?? "", name: source.volume.name };
  const claim = await scope.context.kube.get(persistentVolumeClaims, key);
  const size = claim?.spec?.resources?.requests?.["storage"];
  if (size === undefined) return image;
  scope.measured = { size };
  return { ...image, status: { ...image.status, size } };
}
