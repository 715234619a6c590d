import { whoUses } from "#operator/claim-users.ts";
import { whyUnplaced } from "#operator/disk-pods.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { hasLasted, isTimeToLook } from "#operator/patience.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";
import { keyOfImage } from "../wakes.ts";

/** A copy of a claim that is free has begun before this. */
const COPY_BEGINS_MS = 5_000;

/**
 * Why nothing is written yet: pods say so, and CDI does not. Of an importer it says at least that no node takes it; of the server
 * of an upload, and of the pods of a copy, not even that, nor that a copy waits for a claim that is in use. So these are looked
 * at after a while.
 */
export async function lookAtImporter(scope: ImageScope, signal: AbortSignal): Promise<Outcome> {
  const { context, state, volume } = scope;
  const { kube, log, now, object: image } = context;
  const copied = isBeforeCopy(scope) ? image.spec.source.volume?.name : undefined;
  const isUpload = image.spec.source.upload !== undefined && state.phase === "queued" && state.takesUpload !== true;
  if (volume === undefined || (copied === undefined && !isUpload && state.isUnplaced !== true)) return settled();
  const key = keyOfImage(image);
  const { creationTimestamp } = volume.metadata;
  const afterMs = state.isUnplaced === true ? 0 : copied === undefined ? undefined : COPY_BEGINS_MS;
  if (!isTimeToLook(scope, creationTimestamp, afterMs)) return settled();
  if (copied !== undefined) {
    const users = await optionalLook(() => whoUses(kube, { ...key, name: copied }), { log, signal });
    if (users !== undefined) scope.inUse = users;
  }
  if (state.isUnplaced === true || hasLasted(creationTimestamp, now)) {
    const why = await optionalLook(() => whyUnplaced(kube, key), { log, signal });
    if (why !== undefined) scope.unplaced = why;
  }
  return settled();
}

/** Whether nothing was copied yet, as far as CDI says. */
function isBeforeCopy({ state }: ImageScope): boolean {
  return (state.phase === "queued" || state.phase === "importing") && (state.progress ?? 0) === 0;
}
