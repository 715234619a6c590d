import { type Pod, persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import { unplaced } from "#operator/unplaced.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ImageScope } from "../scope.ts";
import { keyOfImage } from "../wakes.ts";

/**
 * On a claim of CSI storage: the claim beside it that is written first, and whose volume it is given in the end (CDI,
 * `AnnPVCPrimeName`). Of other storage the claim itself is written.
 */
const WRITTEN_FIRST = "cdi.kubevirt.io/storage.populator.pvcPrime";
/** On the claim that is written: the pod that writes it (CDI, `AnnImportPod`). */
const IMPORTER = "cdi.kubevirt.io/storage.import.importPodName";

/** CDI says that no node takes an importer, its pod says why: a node that is full, a claim that nobody provides for. */
export async function lookAtImporter(scope: ImageScope): Promise<Outcome> {
  const { context, state } = scope;
  if (state.isUnplaced !== true) return settled();
  const importer = await importerOf(context.kube, keyOfImage(context.object));
  const why = importer === undefined ? undefined : unplaced(importer);
  if (why !== undefined) scope.unplaced = why;
  return settled();
}

/** The pod that imports into the claim of an Image, where CDI has made one. */
async function importerOf(kube: KubeClient, key: ObjectKey): Promise<Pod | undefined> {
  const claim = await kube.get(persistentVolumeClaims, key);
  const first = claim?.metadata.annotations?.[WRITTEN_FIRST];
  const written = first === undefined ? claim : await kube.get(persistentVolumeClaims, { ...key, name: first });
  const name = written?.metadata.annotations?.[IMPORTER];
  return name === undefined ? undefined : await kube.get(pods, { ...key, name });
}
