import { type PersistentVolumeClaim, persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { unplaced } from "./unplaced.ts";

/**
 * On a claim of CSI storage: the claim beside it that is written first, and whose volume it is given in the end (CDI,
 * `AnnPVCPrimeName`). Of other storage the claim itself is written.
 */
const WRITTEN_FIRST = "cdi.kubevirt.io/storage.populator.pvcPrime";
/** On the claim that is written: the pods that write it (CDI, `AnnImportPod` and `AnnUploadPod`). */
const WRITERS = ["cdi.kubevirt.io/storage.import.importPodName", "cdi.kubevirt.io/storage.uploadPodName"];
/** On it, too: the pod that reads what is copied into it, and of what claim that is, as namespace/name (`AnnCloneSourcePod`, `AnnCloneRequest`). */
const READER = "cdi.kubevirt.io/storage.sourceClonePodName";
const COPIED = "k8s.io/CloneRequest";

/** Why no node takes a pod that CDI makes a disk with, in the scheduler's words. Undefined where that is not what is amiss. */
export async function whyUnplaced(kube: KubeClient, claim: ObjectKey): Promise<string | undefined> {
  const found = await kube.get(persistentVolumeClaims, claim);
  const first = found?.metadata.annotations?.[WRITTEN_FIRST];
  const written = first === undefined ? found : await kube.get(persistentVolumeClaims, { ...claim, name: first });
  for (const key of podsOf(written)) {
    const pod = await kube.get(pods, key);
    const why = pod === undefined ? undefined : unplaced(pod);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The pods that a claim names. */
function podsOf(claim: PersistentVolumeClaim | undefined): readonly ObjectKey[] {
  const { namespace, annotations = {} } = claim?.metadata ?? {};
  const copiedFrom = annotations[COPIED]?.split("/")[0];
  return [...WRITERS, READER].flatMap((annotation) => {
    const name = annotations[annotation];
    if (name === undefined || namespace === undefined) return [];
    return [{ name, namespace: annotation === READER ? (copiedFrom ?? namespace) : namespace }];
  });
}
