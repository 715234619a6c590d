import { type Pod, persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

/**
 * On a claim of CSI storage: the claim beside it that is written first, and whose volume it is given in the end (CDI,
 * `AnnPVCPrimeName`). Of other storage the claim itself is written.
 */
const WRITTEN_FIRST = "cdi.kubevirt.io/storage.populator.pvcPrime";
/** On the claim that is written: the pod that writes it (CDI, `AnnImportPod`). */
const IMPORTER = "cdi.kubevirt.io/storage.import.importPodName";

/** The pod that imports into the claim of an Image, where CDI has made one. */
export async function importerOf(kube: KubeClient, key: ObjectKey): Promise<Pod | undefined> {
  const claim = await kube.get(persistentVolumeClaims, key);
  const first = claim?.metadata.annotations?.[WRITTEN_FIRST];
  const written = first === undefined ? claim : await kube.get(persistentVolumeClaims, { ...key, name: first });
  const name = written?.metadata.annotations?.[IMPORTER];
  return name === undefined ? undefined : await kube.get(pods, { ...key, name });
}

/** Why no node takes a pod, in the scheduler's words; undefined where one has, or nobody has looked yet. */
export function unplaced(pod: Pod | undefined): string | undefined {
  return pod?.status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False")?.message;
}
