import type { DataVolume, VirtualMachine, VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { ServerStatus } from "#operator/api/generated/server.ts";
import {
  addressAwaitedMs,
  diskIsMade,
  isLive,
  noHost,
  notSynchronized,
  trueCondition,
  waitsForGuest,
  wantsToRun,
} from "./observed.ts";

type State = NonNullable<ServerStatus["state"]>;
type PowerState = NonNullable<ServerStatus["powerState"]>;

/** A guest that no node takes is an ERROR for people after this long; it may still be placed. */
const NO_VALID_HOST_AFTER_MS = 5 * 60_000;
/** Trouble of KubeVirt with a machine is told when it has lasted this long: most of it is over with its next try. */
const FAILURE_PATIENCE_MS = 30_000;
/** While a first build is younger than this, it is `spawning` and no more: each finer word would be a write. */
const BUILD_DETAIL_AFTER_MS = 30_000;

/** What there is of a Server, as KubeVirt and CDI last said. */
export interface Machine {
  readonly machine: VirtualMachine | undefined;
  readonly instance: VirtualMachineInstance | undefined;
  /** The DataVolume of the root disk in use. */
  readonly volume: DataVolume | undefined;
  /** Whether the guest ran before: a later start is not a build. */
  readonly launched: boolean;
  /** Whether the node that the guest is on is lost: what KubeVirt says of it is old. */
  readonly lost: boolean;
  readonly now: Date;
}

export interface NovaState {
  readonly state: State;
  readonly taskState?: string;
  readonly powerState: PowerState;
  readonly fault?: { readonly code: number; readonly message: string };
  /** Say it again after this long even if nothing happens: a deadline is near. */
  readonly againAfterMs?: number;
}

/** Reasons of a DataVolume's conditions by which it will not become a disk by itself. */
const DISK_FAILURES: Readonly<Record<string, readonly string[]>> = {
  Running: ["Error"],
  Bound: ["ErrExceededQuota", "ErrClaimLost", "ClaimLost"],
};

type Rule = (seen: Machine) => NovaState | undefined;

/**
 * From KubeVirt's conditions and phases to Nova's words; the first rule that speaks counts. `printableStatus` is meant
 * for people and is asked only where nothing else tells two cases apart.
 */
const RULES: readonly Rule[] = [
  notMade,
  nodeLost,
  deleting,
  poweringOff,
  migrating,
  paused,
  running,
  claimMissing,
  diskFailed,
  imagePullFailed,
  launcherRefused,
  unschedulable,
  preparingDisk,
  starting,
  crashing,
  failing,
  aboutToStart,
  waitingForReceiver,
  stopped,
];

export function novaState(seen: Machine): NovaState {
  for (const rule of RULES) {
    const state = rule(seen);
    if (state !== undefined) return state;
  }
  return { state: "UNKNOWN", powerState: "NoState" };
}

/**
 * A young first build in one word, for one write: `spawning`, whatever it is doing. After that time the finer words
 * come: somebody who still looks wants to know what it hangs on.
 */
export function foldBuild(state: NovaState, machine: VirtualMachine | undefined, now: Date): NovaState {
  const left = youngFor(machine, now);
  if (state.state !== "BUILD" || state.taskState === "powering-off" || left <= 0) return state;
  return { ...state, taskState: "spawning", againAfterMs: Math.min(left, state.againAfterMs ?? left) };
}

/** Whether a machine is so young, and its guest so far from running, that nothing finer is told yet. */
export function isYoungBuild(
  machine: VirtualMachine | undefined,
  instance: VirtualMachineInstance | undefined,
  now: Date,
): boolean {
  return wantsToRun(machine) && instance?.status?.phase !== "Running" && youngFor(machine, now) > 0;
}

function youngFor(machine: VirtualMachine | undefined, now: Date): number {
  if (machine === undefined) return 0;
  return Date.parse(machine.metadata.creationTimestamp) + BUILD_DETAIL_AFTER_MS - now.getTime();
}

function notMade({ machine }: Machine): NovaState | undefined {
  return machine === undefined ? { state: "BUILD", taskState: "scheduling", powerState: "NoState" } : undefined;
}

function deleting({ machine, instance }: Machine): NovaState | undefined {
  if (machine?.metadata.deletionTimestamp === undefined) return undefined;
  const live = isLive(instance);
  return { state: live ? "ACTIVE" : "SHUTOFF", taskState: "deleting", powerState: live ? "Running" : "Shutdown" };
}

function poweringOff({ machine, instance, launched }: Machine): NovaState | undefined {
  if (!isLive(instance)) return undefined;
  if (instance?.metadata.deletionTimestamp === undefined && wantsToRun(machine)) return undefined;
  // Its first guest had no power yet.
  if (!launched && instance?.status?.phase !== "Running")
    return { state: "BUILD", taskState: "powering-off", powerState: "NoState" };
  return { state: "ACTIVE", taskState: "powering-off", powerState: "Running" };
}

function migrating({ instance }: Machine): NovaState | undefined {
  const migration = instance?.status?.migrationState;
  if (migration?.startTimestamp === undefined || migration.endTimestamp !== undefined) return undefined;
  return { state: "MIGRATING", taskState: "migrating", powerState: "Running" };
}

function paused({ instance }: Machine): NovaState | undefined {
  const condition = trueCondition(instance, "Paused");
  if (instance?.status?.phase !== "Running" || condition === undefined) return undefined;
  switch (condition.reason) {
    case "PausedIOError":
      return fault("Paused", 500, `disk I/O error: ${condition.message ?? ""}; look at the volume's storage`);
    case "PausedByMigrationMonitor":
      return { state: "MIGRATING", taskState: "migrating", powerState: "Paused" };
    default:
      return { state: "PAUSED", powerState: "Paused" };
  }
}

function running({ instance, launched, now }: Machine): NovaState | undefined {
  const awaited = addressAwaitedMs(instance, now);
  if (awaited === undefined) return undefined;
  if (awaited === 0) return { state: "ACTIVE", powerState: "Running" };
  return { ...(launched ? poweringOn() : spawning()), againAfterMs: Math.max(awaited, 100) };
}

function nodeLost({ machine, instance, lost }: Machine): NovaState | undefined {
  if (!lost && instance?.status?.phase !== "Unknown") return undefined;
  const leaves = machine?.metadata.deletionTimestamp !== undefined;
  return { state: "UNKNOWN", ...(leaves ? { taskState: "deleting" } : {}), powerState: "NoState" };
}

function claimMissing({ instance }: Machine): NovaState | undefined {
  const problem = notSynchronized(instance);
  if (problem?.reason !== "FailedPvcNotFound") return undefined;
  return fault("NoState", 404, `a disk is missing: ${problem.message ?? "its claim was not found"}`);
}

function diskFailed({ volume, launched }: Machine): NovaState | undefined {
  const failing = volume?.status?.conditions?.find(
    ({ type, status, reason = "" }) => status === "False" && DISK_FAILURES[type]?.includes(reason),
  );
  if (volume?.status?.phase !== "Failed" && (failing === undefined || launched)) return undefined;
  return fault("NoState", 500, `the root disk could not be made: ${failing?.message ?? "CDI gave no reason"}`);
}

/** KubeVirt's pod for the guest is refused by a quota, by Pod Security or by another admission. */
function launcherRefused({ instance, launched, now }: Machine): NovaState | undefined {
  const problem = notSynchronized(instance);
  if (instance === undefined || (problem?.reason !== "FailedCreate" && problem?.reason !== "FailedCreateValidation"))
    return undefined;
  const age = now.getTime() - Date.parse(instance.metadata.creationTimestamp);
  if (age < FAILURE_PATIENCE_MS)
    return { ...(launched ? poweringOn() : spawning()), againAfterMs: FAILURE_PATIENCE_MS - age };
  return fault("NoState", 500, `the guest's pod cannot be made: ${problem.message ?? problem.reason}`);
}

function imagePullFailed({ instance }: Machine): NovaState | undefined {
  const problem = notSynchronized(instance);
  if (problem?.reason !== "ErrImagePull" && problem?.reason !== "ImagePullBackOff") return undefined;
  return fault("NoState", 500, `the node cannot pull the launcher's image: ${problem.message ?? problem.reason}`);
}

function unschedulable({ machine, instance, launched, now }: Machine): NovaState | undefined {
  const why = noHost(machine, instance);
  if (why === undefined || instance === undefined) return undefined;
  const waited = now.getTime() - Date.parse(instance.metadata.creationTimestamp);
  const message = `No valid host was found: ${why}`;
  if (waited >= NO_VALID_HOST_AFTER_MS) return { ...fault("NoState", 500, message), taskState: "scheduling" };
  const againAfterMs = NO_VALID_HOST_AFTER_MS - waited;
  return { state: launched ? "ACTIVE" : "BUILD", taskState: "scheduling", powerState: "NoState", againAfterMs };
}

/** First boots only: a disk that was made once is not made again. */
function preparingDisk(seen: Machine): NovaState | undefined {
  if (seen.launched || diskIsMade(seen.volume)) return undefined;
  if (waitsForGuest(seen.volume) && (isLive(seen.instance) || !wantsToRun(seen.machine))) return undefined;
  return { state: "BUILD", taskState: "block_device_mapping", powerState: "NoState" };
}

function starting({ instance, launched }: Machine): NovaState | undefined {
  return isLive(instance) ? (launched ? poweringOn() : spawning()) : undefined;
}

function crashing({ machine, instance }: Machine): NovaState | undefined {
  const fails = machine?.status?.startFailure?.consecutiveFailCount ?? 0;
  if (!wantsToRun(machine) || fails === 0) return undefined;
  const last = instance?.status?.reason;
  const reason = last === undefined || last === "" ? "" : ` (${last})`;
  return fault("Crashed", 500, `the guest ended ${fails} times right after its start${reason}; it is started again`);
}

function failing({ machine, launched, now }: Machine): NovaState | undefined {
  const failure = machine?.status?.conditions?.find(({ type, status }) => type === "Failure" && status === "True");
  if (failure === undefined || machine === undefined) return undefined;
  // KubeVirt leaves the time as it is while the reason stays; the published types leave it out.
  const { lastTransitionTime = machine.metadata.creationTimestamp } = failure as { lastTransitionTime?: string };
  const age = now.getTime() - Date.parse(lastTransitionTime);
  if (age < FAILURE_PATIENCE_MS)
    return { ...(launched ? poweringOn() : spawning()), againAfterMs: FAILURE_PATIENCE_MS - age };
  return fault(
    "NoState",
    500,
    `KubeVirt cannot start the machine: ${failure.message ?? failure.reason ?? "no reason"}`,
  );
}

/** Between two lives: KubeVirt says Stopped for half a second after creation, though the guest is to run. */
function aboutToStart({ machine, launched }: Machine): NovaState | undefined {
  return wantsToRun(machine) ? (launched ? poweringOn() : spawning()) : undefined;
}

function waitingForReceiver({ machine }: Machine): NovaState | undefined {
  if (machine?.status?.printableStatus !== "WaitingForReceiver") return undefined;
  return { state: "MIGRATING", taskState: "migrating", powerState: "NoState" };
}

function stopped({ machine }: Machine): NovaState | undefined {
  if (machine?.spec?.runStrategy !== "Halted") return undefined;
  return { state: "SHUTOFF", powerState: "Shutdown" };
}

function spawning(): NovaState {
  return { state: "BUILD", taskState: "spawning", powerState: "NoState" };
}

function poweringOn(): NovaState {
  return { state: "ACTIVE", taskState: "powering-on", powerState: "Shutdown" };
}

function fault(powerState: PowerState, code: number, message: string): NovaState {
  return { state: "ERROR", powerState, fault: { code, message } };
}
