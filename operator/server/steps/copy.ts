import { whyUnplaced } from "#operator/disk-pods.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { isTimeToLook } from "#operator/patience.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { isBeingMade } from "../observed.ts";
import { rootVolume, type ServerScope } from "../scope.ts";

/** A root disk that is not there after a while may wait for a node that takes the pods which copy it: they say so, CDI does not. */
export async function lookAtCopy(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, key } = scope;
  const volume = rootVolume(scope);
  if (volume === undefined || !isBeingMade(volume)) return settled();
  if (!isTimeToLook(scope, volume.metadata.creationTimestamp)) return settled();
  const claim = { namespace: key.namespace, name: volume.metadata.name };
  const why = await optionalLook(() => whyUnplaced(context.kube, claim), { log: context.log, signal });
  if (why !== undefined) scope.notCopied = why;
  return settled();
}
