import { whyUnplaced } from "#operator/disk-pods.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { rootVolume, type ServerScope } from "../scope.ts";
import { isBeingMade, isYoungBuild } from "../states.ts";

/** A root disk that is not there after a while may wait for a node that takes the pods which copy it: they say so, CDI does not. */
export async function lookAtCopy(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, key, machine, instance } = scope;
  const volume = rootVolume(scope);
  if (volume === undefined || !isBeingMade(volume) || isYoungBuild(machine, instance, context.now)) return settled();
  const claim = { namespace: key.namespace, name: volume.metadata.name };
  const why = await optionalLook(() => whyUnplaced(context.kube, claim), { log: context.log, signal });
  scope.copy = why === undefined ? {} : { unplaced: why };
  return settled();
}
