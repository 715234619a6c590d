import { whyUnplaced } from "#operator/disk-pods.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";
import { keyOfImage } from "../wakes.ts";

/** CDI says that no node takes an importer, its pod says why: a node that is full, a claim that nobody provides for. */
export async function lookAtImporter(scope: ImageScope, signal: AbortSignal): Promise<Outcome> {
  const { context, state } = scope;
  if (state.isUnplaced !== true) return settled();
  const why = await optionalLook(() => whyUnplaced(context.kube, keyOfImage(context.object)), {
    log: context.log,
    signal,
  });
  if (why !== undefined) scope.unplaced = why;
  return settled();
}
