import { isBuilt, isOverQuota, plus, QUOTA_EXCEEDED, takenByBuilt } from "#operator/amounts.ts";
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
  admissions.keep(namespace, [...there.servers, ...there.images]);
  const withMachine = new Set(there.machines.map(ownerOf));
  const taken = there.servers
    .filter((server) => isBuilt(server) || withMachine.has(server.metadata.uid) || admissions.has(server))
    .map((server) => takenByBuilt(server, isOverQuota(server) && !admissions.has(server), there))
    .reduce(plus, takenByLeftovers(there));
  const isLetIn = (other: Image): boolean =>
    hasVolume(other, cache) || (other.metadata.uid !== image.metadata.uid && admissions.has(other));
  const verdict = imageVerdicts(there.images, quota, taken, isLetIn).get(image.metadata.uid);
  if (verdict?.kind !== "exceeded") {
    // Said before anything is awaited, so that the next pass counts it.
    admissions.add(image);
    return settled();
  }
  admissions.remove(image);
  scope.overQuota = verdict.what;
  return waiting(`quota of Project ${project?.metadata.name}: ${verdict.what}`, { reason: QUOTA_EXCEEDED });
}
