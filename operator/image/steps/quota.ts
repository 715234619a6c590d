import { isBuilt, isOverQuota, plus, QUOTA_EXCEEDED, type Sizes, takenByBuilt } from "#operator/amounts.ts";
import { dataVolumes } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import { flavors, images } from "#operator/api/resources.ts";
import { contentsOf, ownerOf, takenByLeftovers } from "#operator/leftovers.ts";
import { imageVerdicts } from "#operator/quota.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";
import { keyOfImage } from "../wakes.ts";

/** An importer is sent only within the Project's quota of storage. What was imported once stays. */
export async function checkQuota(scope: ImageScope): Promise<Outcome> {
  const { context, project, volume, admissions } = scope;
  const { object: image, cache } = context;
  const quota = project?.spec.quota;
  if (volume !== undefined || image.status?.volume !== undefined || quota?.storage === undefined) return settled();
  const { namespace = "" } = image.metadata;
  const neighbours = cache.list(images, namespace);
  const there = contentsOf(namespace, cache);
  admissions.keep(namespace, neighbours);
  const withMachine = new Set(there.machines.map(ownerOf));
  const sizes: Sizes = { flavor: (name) => cache.get(flavors, { name }), image: (key) => cache.get(images, key) };
  const taken = there.servers
    .filter((server) => isBuilt(server) || withMachine.has(server.metadata.uid))
    .map((server) => takenByBuilt(server, isOverQuota(server), sizes))
    .reduce(plus, takenByLeftovers(there, sizes));
  const hasVolume = (other: Image): boolean =>
    other.status?.volume !== undefined ||
    (other.metadata.uid !== image.metadata.uid && admissions.has(other)) ||
    cache.get(dataVolumes, keyOfImage(other)) !== undefined;
  const verdict = imageVerdicts(neighbours, quota, taken, hasVolume).get(image.metadata.uid);
  if (verdict?.kind !== "exceeded") {
    // Said before anything is awaited, so that the next pass counts it.
    admissions.add(image);
    return settled();
  }
  admissions.remove(image);
  scope.overQuota = verdict.what;
  return waiting(`quota of Project ${project?.metadata.name}: ${verdict.what}`, { reason: QUOTA_EXCEEDED });
}
