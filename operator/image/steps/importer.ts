import { whyUnplaced } from "#operator/disk-pods.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";
import { keyOfImage } from "../wakes.ts";

/** CDI says that no node takes an importer, its pod says why: a node that is full, a claim that nobody provides for. */
export async function lookAtImporter(scope: ImageScope): Promise<Outcome> {
  const { context, state } = scope;
  if (state.isUnplaced !== true) return settled();
  const why = await whyUnplaced(context.kube, keyOfImage(context.object));
  if (why !== undefined) scope.unplaced = why;
  return settled();
}
