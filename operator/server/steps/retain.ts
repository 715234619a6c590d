import { dataVolumes, virtualMachines } from "#operator/api/foreign.ts";
import { keyText } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { lostText } from "../lost-node.ts";
import { SERVER_LABEL } from "../names.ts";
import { rootVolume, type ServerScope } from "../scope.ts";

/** Keeps the machine until its disk has been let go of. */
const RETAIN_FINALIZER = "nephele.dev/retain-disk";
/** On a disk that was kept: the Server that it was of. */
const RETAINED_FROM_LABEL = "nephele.dev/retained-from";

/**
 * For `onServerDelete: Retain`. The machine is held by a finalizer and deleted; from then on KubeVirt no longer claims
 * its disks (it adopts them again as long as the machine is not going), so the disk loses its owner; then the machine
 * may go. Every step looks at what is there, so a crash between two of them changes nothing.
 */
export async function retainDisk(scope: ServerScope): Promise<Outcome> {
  const { context, key, machine, instance, lost } = scope;
  const { kube } = context;
  const end = lost === undefined ? `VirtualMachine ${keyText(key)} to end` : lostText(lost);
  if (context.object.spec.rootDisk.onServerDelete !== "Retain" || machine === undefined) return settled();
  const { uid, resourceVersion, finalizers = [] } = machine.metadata;
  if (machine.metadata.deletionTimestamp === undefined) {
    if (!finalizers.includes(RETAIN_FINALIZER)) {
      const held = await kube.mergePatch(virtualMachines, key, {
        metadata: { uid, resourceVersion, finalizers: [...finalizers, RETAIN_FINALIZER] },
      });
      if (held === undefined) return settled();
    }
    await kube.delete(virtualMachines, key, { uid });
    return waiting(`${end}; its root disk is kept`);
  }
  const volume = rootVolume(scope);
  if (volume !== undefined && volume.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) {
    await kube.mergePatch(
      dataVolumes,
      { namespace: key.namespace, name: volume.metadata.name },
      {
        metadata: {
          uid: volume.metadata.uid,
          resourceVersion: volume.metadata.resourceVersion,
          ownerReferences: volume.metadata.ownerReferences.filter((owner) => owner.uid !== uid),
          labels: { [SERVER_LABEL]: null, [RETAINED_FROM_LABEL]: key.name },
        },
      },
    );
    context.event("Normal", "Retained", `the root disk is kept as DataVolume ${volume.metadata.name}`);
  }
  if (instance !== undefined) return waiting(`${end}; its root disk is kept`);
  if (finalizers.includes(RETAIN_FINALIZER))
    await kube.mergePatch(virtualMachines, key, {
      metadata: { uid, resourceVersion, finalizers: finalizers.filter((name) => name !== RETAIN_FINALIZER) },
    });
  return settled();
}
