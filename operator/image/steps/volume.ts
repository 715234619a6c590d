import { dataSources, dataVolumes, namespaces, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { clouds, images } from "#operator/api/resources.ts";
import { allBoundaries, markedBoundaries } from "#operator/boundaries.ts";
import { keyText } from "#runtime/api/object.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { dataSourceFor, dataVolumeFor, isOfFormer, isOurs } from "../children.ts";
import type { ImageScope } from "../scope.ts";
import { addressOf, refusalOf } from "../sources.ts";
import { keyOfImage } from "../wakes.ts";

/** How often a claim that is on its way out is looked at; claims are not watched. */
const CLAIM_POLL_MS = 5_000;

/** An importer is sent only where the Cloud lets it. What was imported already stays. */
export async function checkSource({ context, project, volume }: ImageScope): Promise<Outcome> {
  const { object: image, cache } = context;
  const address = addressOf(image.spec);
  if (volume !== undefined || address === undefined) return settled();
  const ref = project?.status?.cloudRef;
  if (ref === undefined) return waiting(`the Project of namespace ${image.metadata.namespace} to be in a Cloud`);
  const cloud = cache.get(clouds, ref);
  if (cloud === undefined) return waiting(`Cloud ${keyText(ref)}`);
  const refusal = refusalOf(
    address.url,
    cloud.spec.images?.sources,
    (name) => cache.get(namespaces, { name }) !== undefined,
  );
  if (refusal === undefined) return settled();
  return invalid(
    address.field,
    `${refusal}; an administrator may add it to spec.images.sources of Cloud ${keyText(ref)}`,
  );
}

/** The DataVolume is there and ours. Its spec cannot change (CDI refuses it), nor can what it is made from. */
export async function ensureVolume(scope: ImageScope): Promise<Outcome> {
  const { context, volume } = scope;
  const { object: image, kube } = context;
  const name = image.metadata.name;
  if (volume !== undefined) {
    if (volume.metadata.deletionTimestamp !== undefined || isOfFormer(volume, image))
      return waiting(`DataVolume ${name}, which is being deleted, to go`);
    if (!isOurs(volume, image))
      return invalid("metadata.name", `DataVolume ${name} exists and is not of this Image: choose another name`);
    scope.volumeName = name;
    return settled();
  }
  // CDI could take a claim of that name for the volume's own, and so give away what is on it.
  const claim = await kube.get(persistentVolumeClaims, keyOfImage(image));
  if (claim !== undefined) {
    const leaving = claim.metadata.deletionTimestamp !== undefined || ownedByVolume(claim.metadata.ownerReferences);
    if (leaving)
      return waiting(`PersistentVolumeClaim ${name}, which is being deleted, to go`, { pollAfterMs: CLAIM_POLL_MS });
    return invalid(
      "metadata.name",
      `PersistentVolumeClaim ${name} exists and is not of this Image: choose another name`,
      {
        pollAfterMs: 60_000,
      },
    );
  }
  const origin = await originOf(scope);
  if (origin.kind !== "known") return origin.outcome;
  await kube.apply(dataVolumes, dataVolumeFor(image, origin.boundaries), {
    fieldOwner: context.fieldOwner("volume"),
    force: true,
  });
  if (image.status?.volume !== undefined)
    context.event("Warning", "Recreated", `DataVolume ${name} was deleted from outside: the Image is imported again`);
  scope.volumeName = name;
  return settled();
}

type Origin =
  | { readonly kind: "known"; readonly boundaries: readonly string[] }
  | { readonly kind: "awaited"; readonly outcome: Outcome };

/**
 * The boundaries of the claim that is copied: those that it or its DataVolume is marked with, and those of the Image that it
 * is the volume of. A tenant with workloads can change a claim, and no DataVolume. The claim is waited for, or they would be
 * missed; the DataVolume is read live, or those of a new one would be.
 */
async function originOf({ context }: ImageScope): Promise<Origin> {
  const { object: image, cache, kube } = context;
  const { volume } = image.spec.source;
  if (volume === undefined) return { kind: "known", boundaries: [] };
  const key = { namespace: image.metadata.namespace ?? "", name: volume.name };
  const claim = await kube.get(persistentVolumeClaims, key);
  if (claim === undefined) {
    const outcome = waiting(`PersistentVolumeClaim ${keyText(key)}, which is to be copied`, {
      pollAfterMs: CLAIM_POLL_MS,
    });
    return { kind: "awaited", outcome };
  }
  const marked = [claim, await kube.get(dataVolumes, key)].map(markedBoundaries);
  return { kind: "known", boundaries: allBoundaries(...marked, cache.get(images, key)?.spec.boundaries) };
}

function ownedByVolume(owners: readonly { readonly kind: string }[] = []): boolean {
  return owners.some(({ kind }) => kind === dataVolumes.kind);
}

/** The DataSource is there, ours, and names the volume. */
export async function ensureDataSource({ context }: ImageScope): Promise<Outcome> {
  const { object: image, cache, kube } = context;
  const name = image.metadata.name;
  const current = cache.get(dataSources, keyOfImage(image));
  if (current !== undefined && !isOurs(current, image)) {
    if (isOfFormer(current, image)) return waiting(`DataSource ${name} of an earlier Image to go`);
    return invalid("metadata.name", `DataSource ${name} exists and is not of this Image: choose another name`);
  }
  const desired = dataSourceFor(image);
  if (current !== undefined && alreadyApplied(current, desired)) return settled();
  await kube.apply(dataSources, desired, { fieldOwner: context.fieldOwner("source"), force: true });
  if (current !== undefined)
    context.event("Warning", "Corrected", `DataSource ${name} was changed from outside and is corrected`);
  return settled();
}

/** How large the volume became: read once, when the Image has become active. */
export async function measure(scope: ImageScope): Promise<Outcome> {
  const { context, state } = scope;
  const image = context.object;
  if (state.phase !== "active" || (image.status?.phase === "active" && image.status.size !== undefined))
    return settled();
  const claim = await context.kube.get(persistentVolumeClaims, keyOfImage(image));
  const size = claim?.status?.capacity?.["storage"];
  const virtualSize = image.spec.minDisk ?? claim?.spec?.resources?.requests?.["storage"];
  scope.measured = {
    ...(size === undefined ? {} : { size }),
    ...(virtualSize === undefined ? {} : { virtualSize }),
  };
  return settled();
}
