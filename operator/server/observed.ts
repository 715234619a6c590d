import type { DataVolume, VirtualMachine, VirtualMachineInstance } from "#operator/api/foreign.ts";
import { boundariesOf } from "./placement.ts";

// What KubeVirt's and CDI's objects say, one question each.

/** A guest that runs has its address about now; both are told in one write. */
const ADDRESS_PATIENCE_MS = 3_000;

/** Why no node takes the guest, in the scheduler's words, and what keeps it from others; undefined where one has it. */
export function noHost(
  machine: VirtualMachine | undefined,
  instance: VirtualMachineInstance | undefined,
): string | undefined {
  const condition = instance?.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (condition?.status !== "False" || condition.reason !== "Unschedulable") return undefined;
  const why = condition.message ?? "no node takes it";
  const boundaries = boundariesOf(machine);
  return boundaries.length === 0 ? why : `${why} (it may run only within ${boundaries.join(", ")})`;
}

/**
 * How long the address of a guest that runs is still waited for, in ms: 0 when it has one or the time is over. Undefined
 * where no guest runs.
 */
export function addressAwaitedMs(instance: VirtualMachineInstance | undefined, now: Date): number | undefined {
  if (instance?.status?.phase !== "Running") return undefined;
  if (hasAddress(instance)) return 0;
  const { phaseTransitionTimestamps = [] } = instance.status;
  const since = phaseTransitionTimestamps.find(({ phase }) => phase === "Running")?.phaseTransitionTimestamp;
  return since === undefined ? 0 : Math.max(Date.parse(since) + ADDRESS_PATIENCE_MS - now.getTime(), 0);
}

/** KubeVirt says an address of the guest's. */
export function hasAddress({ status }: VirtualMachineInstance): boolean {
  return (status?.interfaces ?? []).some(({ ipAddress }) => ipAddress !== undefined && ipAddress !== "");
}

/** The guest is up, and what is told of it is whole: a reboot, resize or rebuild ends with this and not before. */
export function isUp(instance: VirtualMachineInstance | undefined, now: Date): boolean {
  return instance?.metadata.deletionTimestamp === undefined && addressAwaitedMs(instance, now) === 0;
}

/** There is an instance and its guest has not ended. */
export function isLive(instance: VirtualMachineInstance | undefined): boolean {
  const phase = instance?.status?.phase;
  return instance !== undefined && phase !== "Succeeded" && phase !== "Failed";
}

export function isPausedByUser(instance: VirtualMachineInstance | undefined): boolean {
  const condition = trueCondition(instance, "Paused");
  return (
    condition !== undefined && condition.reason !== "PausedIOError" && condition.reason !== "PausedByMigrationMonitor"
  );
}

/** The root disk holds all of the Image. */
export function diskIsMade(volume: DataVolume | undefined): boolean {
  return volume?.status?.phase === "Succeeded";
}

/** It is copied, or is to be, and nothing but that is waited for. */
export function isBeingMade(volume: DataVolume | undefined): boolean {
  return volume !== undefined && !diskIsMade(volume) && !waitsForGuest(volume);
}

/** Some storage makes a disk only when a guest is to use it. */
export function waitsForGuest(volume: DataVolume | undefined): boolean {
  return ["WaitForFirstConsumer", "PendingPopulation"].includes(volume?.status?.phase ?? "");
}

export function wantsToRun(machine: VirtualMachine | undefined): boolean {
  return machine?.spec?.runStrategy === "Always";
}

/** A condition of an instance that is True. */
export function trueCondition(instance: VirtualMachineInstance | undefined, type: string) {
  return instance?.status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

/** What keeps KubeVirt from doing with an instance what it is to do. */
export function notSynchronized(instance: VirtualMachineInstance | undefined) {
  return instance?.status?.conditions?.find(({ type, status }) => type === "Synchronized" && status === "False");
}
