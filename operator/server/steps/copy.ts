import { whyUnplaced } from "#operator/disk-pods.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { LOOK_AFTER_MS, LOOK_POLL_MS } from "../patience.ts";
import { rootVolume, type ServerScope } from "../scope.ts";
import { isBeingMade } from "../states.ts";

/** A root disk that is not there after a while may wait for a node that takes the pods which copy it: they say so, CDI does not. */
export async function lookAtCopy(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, key } = scope;
  const volume = rootVolume(scope);
  if (volume === undefined || !isBeingMade(volume)) return settled();
  const left = Date.parse(volume.metadata.creationTimestamp) + LOOK_AFTER_MS - context.now.getTime();
  scope.lookAgainMs = left > 0 ? left : LOOK_POLL_MS;
  if (left > 0) return settled();
  const claim = { namespace: key.namespace, name: volume.metadata.name };
  const why = await optionalLook(() => whyUnplaced(context.kube, claim), { log: context.log, signal });
  if (why !== undefined) scope.notCopied = why;
  return settled();
}
