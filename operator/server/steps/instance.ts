import { dataVolumes, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { keyText } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { diskIsMade, isLive, isPausedByUser, isUp } from "../observed.ts";
import { nextReboot, untilCut } from "../reboot.ts";
import { rootVolume, rootVolumeOf, type ServerScope, wantedPower } from "../scope.ts";
import { DISKS_OF_SERVER } from "../wakes.ts";

/** KubeVirt serves what one does to a machine under a group of its own. */
const SUBRESOURCES = { group: "subresources.kubevirt.io", version: "v1" } as const;
/** The status is written at the end of a pass; the next one acts on it. */
const AFTER_STATUS_MS = 50;

/**
 * An instance that was started with another Flavor or root disk ends, and the machine starts one that is right. Naming
 * its UID ends this one or none.
 */
export async function replaceStaleInstance(scope: ServerScope): Promise<Outcome> {
  const { context, key, instance, flavor, disk } = scope;
  if (instance === undefined || !isLive(instance) || instance.metadata.deletionTimestamp !== undefined)
    return settled();
  const otherFlavor = instance.metadata.annotations?.[FLAVOR_ANNOTATION] !== flavor?.metadata.name;
  const otherDisk = rootVolumeOf(instance) !== disk?.volume;
  if (!otherFlavor && !otherDisk) return settled();
  await context.kube.delete(virtualMachineInstances, key, { uid: instance.metadata.uid });
  const why = otherDisk ? "its new root disk" : `the size of Flavor ${flavor?.metadata.name}`;
  context.event("Normal", "Restarting", `the guest is shut down and started again with ${why}`);
  return settled();
}

/** Each new request reboots once; see {@link nextReboot}. */
export async function rebootOnce(scope: ServerScope): Promise<Outcome> {
  const { context, key, instance } = scope;
  const server = context.object;
  const living = isLive(instance) ? instance?.metadata.uid : undefined;
  const stage = nextReboot({
    server,
    instance: living,
    up: isUp(instance, context.now),
    stopped: wantedPower(scope) === "Stopped",
    now: context.now,
  });
  scope.reboot = stage;
  const { action } = stage;
  switch (action.kind) {
    case "none":
      return settled();
    case "record":
      return waiting("the guest to reboot", { pollAfterMs: AFTER_STATUS_MS });
    case "ask": {
      if (instance?.metadata.deletionTimestamp === undefined) {
        await context.kube.delete(virtualMachineInstances, key, { uid: action.instance });
        context.event("Normal", "Rebooting", "the guest is asked to shut down and is started again");
      }
      const hardAfter = server.spec.reboot?.hardAfter ?? "";
      const left = stage.reboot === undefined ? AFTER_STATUS_MS : untilCut(stage.reboot, hardAfter, context.now);
      return waiting("the guest to reboot", { pollAfterMs: left });
    }
    case "cut":
      await cutPower(scope, action.instance);
      return waiting("the guest to reboot", { pollAfterMs: 10_000 });
    default:
      return action satisfies never;
  }
}

/** Power is cut only from the instance that was named: it is looked at live, just before. */
async function cutPower({ context, key }: ServerScope, uid: string): Promise<void> {
  const live = await context.kube.get(virtualMachineInstances, key);
  if (live?.metadata.uid !== uid) return;
  await tolerateConflict(() =>
    context.kube.invoke(virtualMachines, key, "restart", { gracePeriodSeconds: 0 }, SUBRESOURCES),
  );
  context.event("Normal", "HardRebooting", "the power is cut and the guest is started again");
}

/** A guest is paused and let go on as the spec says. */
export async function ensurePaused(scope: ServerScope): Promise<Outcome> {
  const { context, key, instance } = scope;
  if (instance?.status?.phase !== "Running" || instance.metadata.deletionTimestamp !== undefined) return settled();
  const [wanted, is] = [wantedPower(scope) === "Paused", isPausedByUser(instance)];
  if (wanted === is || wantedPower(scope) === "Stopped") return settled();
  const verb = wanted ? "pause" : "unpause";
  await tolerateConflict(() => context.kube.invoke(virtualMachineInstances, key, verb, {}, SUBRESOURCES));
  return settled();
}

/** KubeVirt answers 409 where what is asked for is so already, or is under way; its next event says which. */
async function tolerateConflict(call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!isApiError(error, "Conflict") && !isApiError(error, "NotFound")) throw error;
  }
}

/**
 * Root disks of before a rebuild go when the new one is made and no instance uses them any more; those that were not made
 * themselves when yet another was wanted go at once.
 */
export async function removeOldDisks(scope: ServerScope): Promise<Outcome> {
  const { context, key, machine, instance, disk } = scope;
  if (machine === undefined || disk === undefined || disk.generation === 1) return settled();
  const isReplaced = diskIsMade(rootVolume(scope));
  const inUse = isLive(instance) ? rootVolumeOf(instance) : undefined;
  for (const volume of context.cache.byIndex(dataVolumes, DISKS_OF_SERVER, keyText(key))) {
    const { name, uid, ownerReferences = [], deletionTimestamp } = volume.metadata;
    const ours = ownerReferences.some((owner) => owner.uid === machine.metadata.uid);
    if (!ours || name === disk.volume || name === inUse || deletionTimestamp !== undefined) continue;
    if (!isReplaced && diskIsMade(volume)) continue;
    await context.kube.delete(dataVolumes, { namespace: key.namespace, name }, { uid });
  }
  return settled();
}
