import { dataVolumes, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import { RETAINED_FROM_LABEL } from "#operator/api/marks.ts";
import { keyText } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { lostText } from "../lost-node.ts";
import { isCollected, ownership, SERVER_LABEL } from "../names.ts";
import { recordedDisk, volumeName } from "../root-disk.ts";
import type { ServerScope } from "../scope.ts";

/** Keeps the machine until its disk has been let go of. */
const RETAIN_FINALIZER = "nephele.dev/retain-disk";

/**
 * The cleanup of a Server that is, or was, `onServerDelete: Retain`: its disk is kept if it is to be, and its machine goes,
 * which nobody else would take away. Every step looks at what is there, so a crash between two of them changes nothing;
 * and it looks live, because what the cache does not know yet would be left behind.
 */
export async function endMachine(scope: ServerScope): Promise<Outcome> {
  const { context, key } = scope;
  const machine = await context.kube.get(virtualMachines, key);
  if (machine === undefined || ownership(machine, context.object) !== "ours") return settled();
  return context.object.spec.rootDisk.onServerDelete === "Retain" ? keepDisk(scope, machine) : letGo(scope, machine);
}

/**
 * The machine is held by a finalizer and deleted; from then on KubeVirt no longer claims its disks (it adopts them again
 * as long as the machine is not going), so the disk loses its owner; then the machine may go.
 */
async function keepDisk(scope: ServerScope, machine: VirtualMachine): Promise<Outcome> {
  const { context, key, instance, lost } = scope;
  const { kube } = context;
  const end = lost === undefined ? `VirtualMachine ${keyText(key)} to end` : lostText(lost);
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
  const name = recordedDisk(machine)?.volume ?? volumeName(context.object, 1);
  const volumeKey = { namespace: key.namespace, name };
  const volume = await kube.get(dataVolumes, volumeKey);
  const owners = volume?.metadata.ownerReferences ?? [];
  if (volume !== undefined && owners.some((owner) => owner.uid === uid)) {
    await kube.mergePatch(dataVolumes, volumeKey, {
      metadata: {
        uid: volume.metadata.uid,
        resourceVersion: volume.metadata.resourceVersion,
        ownerReferences: owners.filter((owner) => owner.uid !== uid),
        labels: { [SERVER_LABEL]: null, [RETAINED_FROM_LABEL]: key.name },
      },
    });
    context.event("Normal", "Retained", `the root disk is kept as DataVolume ${name}`);
  }
  if (instance !== undefined) return waiting(`${end}; its root disk is kept`);
  await release(scope, machine);
  return settled();
}

/** `onServerDelete` was Retain and is not any more, and no pass has come between that and the deletion. */
async function letGo(scope: ServerScope, machine: VirtualMachine): Promise<Outcome> {
  const { context, key } = scope;
  const { uid, deletionTimestamp } = machine.metadata;
  await release(scope, machine);
  if (deletionTimestamp === undefined && !isCollected(machine, context.object))
    await context.kube.delete(virtualMachines, key, { uid });
  return settled();
}

async function release({ context, key }: ServerScope, machine: VirtualMachine): Promise<void> {
  const { uid, resourceVersion, finalizers = [] } = machine.metadata;
  if (!finalizers.includes(RETAIN_FINALIZER)) return;
  await context.kube.mergePatch(virtualMachines, key, {
    metadata: { uid, resourceVersion, finalizers: finalizers.filter((name) => name !== RETAIN_FINALIZER) },
  });
}
