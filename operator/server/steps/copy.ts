import { whyUnplaced } from "#operator/disk-pods.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { rootVolume, type ServerScope } from "../scope.ts";
import { isBeingMade, isYoungBuild } from "../states.ts";

/** A root disk that is not there after a while may wait for a node that takes the pods which copy it: they say so, CDI does not. */
export async function lookAtCopy(scope: ServerScope): Promise<Outcome> {
  const { context, key, machine, instance } = scope;
  const volume = rootVolume(scope);
  if (volume === undefined || !isBeingMade(volume) || isYoungBuild(machine, instance, context.now)) return settled();
  const why = await whyUnplaced(context.kube, { namespace: key.namespace, name: volume.metadata.name });
  if (why !== undefined) scope.copyUnplaced = why;
  return settled();
}
