import { type Pod, pods, type VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

/** On a launcher's pod: the UID of the instance that it is for (KubeVirt, `CreatedByLabel`). */
const CREATED_BY = "kubevirt.io/created-by";

/**
 * The pods of a guest: one, and two while it moves. A tenant's own pod may have such a label, so KubeVirt has to know them by their
 * UIDs (`status.activePods`, with the node that each is on).
 */
export async function launchersOf(kube: KubeClient, instance: VirtualMachineInstance): Promise<readonly Pod[]> {
  const { namespace = "", uid } = instance.metadata;
  const labelled = await kube.list(pods, { namespace, labelSelector: `${CREATED_BY}=${uid}` });
  return labelled.filter((pod) => instance.status?.activePods?.[pod.metadata.uid] !== undefined);
}
