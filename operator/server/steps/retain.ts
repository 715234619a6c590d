import { type DataVolume, dataVolumes, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import { DISK_SIZE_ANNOTATION, RETAINED_FROM_LABEL, SERVER_LABEL } from "#operator/api/marks.ts";
import { keyText } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { lostText } from "../lost-node.ts";
import { isCollected, ownership } from "../names.ts";
import { diskIsMade } from "../observed.ts";
import { recordedDisk, volumeName } from "../root-disk.ts";
import type { ServerScope } from "../scope.ts";
import { DISKS_OF_SERVER } from "../wakes.ts";

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
  for (const volume of await disksToKeep(scope, machine)) await free(scope, volume, machine);
  if (instance !== undefined) return waiting(`${end}; its root disk is kept`);
  await release(scope, machine);
  return settled();
}

/**
 * The disk that the machine says, or where that is of a rebuild and not made yet, those of before: it is they that hold the data, and
 * there may be several where one Image was wanted after another.
 */
async function disksToKeep({ context, key }: ServerScope, machine: VirtualMachine): Promise<readonly DataVolume[]> {
  const { volume: name = volumeName(context.object, 1), generation = 1 } = recordedDisk(machine) ?? {};
  const volume = await context.kube.get(dataVolumes, { namespace: key.namespace, name });
  if (volume !== undefined && (generation === 1 || diskIsMade(volume))) return [volume];
  const all = context.cache.byIndex(dataVolumes, DISKS_OF_SERVER, keyText(key));
  return all.filter((other) => other.metadata.name !== name && diskIsMade(other));
}

/** The disk is nobody's, and says whose it was, and how large it had become where the machine says that. */
async function free({ context, key }: ServerScope, { metadata }: DataVolume, machine: VirtualMachine): Promise<void> {
  const { name, uid, resourceVersion, ownerReferences: owners = [] } = metadata;
  const machineUid = machine.metadata.uid;
  if (!owners.some((owner) => owner.uid === machineUid)) return;
  const recorded = recordedDisk(machine);
  const freed = await context.kube.mergePatch(
    dataVolumes,
    { namespace: key.namespace, name },
    {
      metadata: {
        uid,
        resourceVersion,
        ownerReferences: owners.filter((owner) => owner.uid !== machineUid),
        labels: { [SERVER_LABEL]: null, [RETAINED_FROM_LABEL]: key.name },
        ...(recorded?.volume === name ? { annotations: { [DISK_SIZE_ANNOTATION]: recorded.size } } : {}),
      },
    },
  );
  if (freed !== undefined) context.event("Normal", "Retained", `the root disk is kept as DataVolume ${name}`);
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
