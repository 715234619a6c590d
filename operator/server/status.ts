import type { VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Server, ServerStatus, ServerStatusAddress, ServerStatusFault } from "#operator/api/generated/server.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { timeText } from "#runtime/api/time.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { hostnameOf } from "./children.ts";
import { serverConditions } from "./conditions.ts";
import { instanceId } from "./identity.ts";
import { lostText, NODE_LOST } from "./lost-node.ts";
import { diskIsMade, isLive, isUp, noHost, waitsForGuest, wantsToRun } from "./observed.ts";
import { isUnderWay } from "./reboot.ts";
import { nextResize, type ResizeStage } from "./resize.ts";
import type { RootDisk } from "./root-disk.ts";
import { rootVolume, rootVolumeOf, type ServerScope, wantedPower } from "./scope.ts";
import { foldBuild, isYoungBuild, type NovaState, novaState } from "./states.ts";

/** The Server in Nova's words, with what we are doing to it laid over what KubeVirt says. */
function serverState(scope: ServerScope): NovaState {
  const { context, machine, instance, lost, reboot } = scope;
  const seen = novaState({
    machine,
    instance,
    volume: rootVolume(scope),
    launched: scope.hadMachine && context.object.status?.launchedAt !== undefined && !isRebuilding(scope),
    lost: lost !== undefined,
    now: context.now,
  });
  const base = foldBuild(seen, machine, context.now);
  if (base.state === "ERROR" || base.state === "UNKNOWN" || base.taskState === "deleting") return base;
  if (isRebuilding(scope)) return { ...base, state: "REBUILD", taskState: "rebuilding" };
  const rebooting = reboot?.reboot ?? context.object.status?.reboot;
  if (isUnderWay(rebooting)) {
    return rebooting.type === "Hard"
      ? { ...base, state: "HARD_REBOOT", taskState: "rebooting_hard" }
      : { ...base, state: "REBOOT", taskState: "rebooting" };
  }
  // Where another Flavor is wanted meanwhile and cannot be had, the one that was tried is still to be confirmed.
  const held = context.object.status?.resize?.appliedAt === undefined ? "none" : "verify";
  switch (resizeOf(scope)?.stage ?? held) {
    case "resizing":
      return { ...base, state: "RESIZE", taskState: "resize_migrating" };
    case "reverting":
      return { ...base, state: "REVERT_RESIZE", taskState: "resize_reverting" };
    case "verify":
      return base.taskState === undefined ? { ...base, state: "VERIFY_RESIZE" } : base;
    default:
      return base;
  }
}

/**
 * An earlier root disk is still in use, or a later one is being made, or its first guest is not up yet. A stopped Server
 * whose storage makes a disk at the first start has nothing more to wait for.
 */
function isRebuilding(scope: ServerScope): boolean {
  const { context, machine, instance } = scope;
  const disk = scope.disk ?? scope.recorded;
  if (disk === undefined || disk.generation === 1 || machine === undefined) return false;
  if (isLive(instance) && rootVolumeOf(instance) !== disk.volume) return true;
  const volume = rootVolume(scope);
  if (!diskIsMade(volume)) return wantsToRun(machine) || !waitsForGuest(volume);
  return context.object.status?.state === "REBUILD" && wantsToRun(machine) && !isUp(instance, context.now);
}

/** The last step: looks at what came of everything, and says what is still awaited. */
export async function report(scope: ServerScope): Promise<Outcome> {
  const { context, machine, instance, lost, project } = scope;
  const server = context.object;
  if (lost !== undefined) {
    const awaited = lostText(lost);
    if (server.status?.state !== "UNKNOWN") context.event("Warning", NODE_LOST, `Waiting for ${awaited}`);
    return waiting(awaited, { reason: NODE_LOST });
  }
  const resize = resizeOf(scope);
  if (resize?.ended !== undefined)
    context.event(
      "Normal",
      resize.ended === "confirmed" ? "Resized" : "ResizeReverted",
      `the Flavor is ${resize.flavor}`,
    );
  const nova = serverState(scope);
  const again = nova.againAfterMs === undefined ? {} : { pollAfterMs: nova.againAfterMs };
  if (nova.fault !== undefined) {
    if (server.status?.fault?.message !== nova.fault.message) context.event("Warning", "Fault", nova.fault.message);
    return waiting(`the guest to recover: ${nova.fault.message}`, { reason: "Fault", ...again });
  }
  // Before an error is thrown: the state that the pass has seen is written all the same, and is not new to the next.
  tellState(scope, nova);
  if (scope.failed !== undefined) throw scope.failed.error;
  if (scope.held !== undefined) return scope.held;
  if (project?.spec.enabled === false)
    return waiting(`Project ${project.metadata.name} to be enabled`, { reason: "ProjectDisabled", ...again });
  if (nova.state === "VERIFY_RESIZE") return waiting(verifyText(server), { reason: "VerifyResize", ...again });
  const power = wantedPower(scope);
  const goal = ({ Running: "ACTIVE", Stopped: "SHUTOFF", Paused: "PAUSED" } as const)[power];
  if (nova.state === goal && nova.taskState === undefined) {
    const node = instance?.status?.nodeName;
    return settled({ message: power === "Stopped" || node === undefined ? goal : `${goal} on ${node}`, ...again });
  }
  const unplaced = isYoungBuild(machine, instance, context.now) ? undefined : noHost(machine, instance);
  if (unplaced !== undefined) return waiting(`a node that takes the guest: ${unplaced}`, again);
  const pollAfterMs = Math.min(scope.lookAgainMs ?? Infinity, nova.againAfterMs ?? Infinity);
  const next = Number.isFinite(pollAfterMs) ? { pollAfterMs } : {};
  if (scope.notCopied !== undefined) {
    const volume = rootVolume(scope)?.metadata.name;
    return waiting(`DataVolume ${volume} to be copied; no node takes a pod for it: ${scope.notCopied}`, next);
  }
  if (scope.notStarted !== undefined) return waiting(`the guest's pod to start: ${scope.notStarted}`, next);
  if (nova.state === "REBOOT" || nova.state === "HARD_REBOOT") return waiting("the guest to reboot", next);
  return waiting(`VirtualMachine ${machine?.metadata.name} to be ${power.toLowerCase()}`, next);
}

/** Events of a guest that came to rest in another state, or is moved. Faults, lost nodes, reboots and resizes have their own. */
const STATE_EVENTS: Partial<Record<NovaState["state"], readonly [reason: string, message: string]>> = {
  ACTIVE: ["Active", "the guest runs"],
  SHUTOFF: ["ShutOff", "the guest is shut down"],
  PAUSED: ["Paused", "the guest is paused"],
  MIGRATING: ["Migrating", "the guest is moved to another node while it runs"],
};

function tellState({ context, instance }: ServerScope, { state, taskState }: NovaState): void {
  const before = context.object.status;
  const [reason, message] = STATE_EVENTS[state] ?? [];
  const isNew = before?.state !== state || (before.taskState !== undefined && taskState === undefined);
  const atRest = taskState === undefined || state === "MIGRATING";
  if (reason === undefined || message === undefined || !isNew || !atRest) return;
  const node = state === "ACTIVE" ? instance?.status?.nodeName : undefined;
  context.event("Normal", reason, node === undefined ? message : `${message} on ${node}`);
}

function verifyText(server: Server): string {
  const resize = server.status?.resize;
  const to = server.spec.flavorRef.name;
  const back = resize === undefined ? "" : `, or flavorRef back to ${resize.from}`;
  return `somebody to set spec.resize.confirmed to ${to}${back}`;
}

/** Where a resize stands; undefined where there is no machine, or where its Flavor is not changed for now. */
function resizeOf(scope: ServerScope): ResizeStage | undefined {
  const { context, machine, flavor } = scope;
  if (machine === undefined || flavor?.metadata.name !== context.object.spec.flavorRef.name) return undefined;
  return nextResize({ server: context.object, running: runningFlavor(scope), now: timeText(context.now) });
}

/** The Flavor that the guest runs with; for one that is stopped as wanted, the one that it would start with. */
function runningFlavor({ context, machine, instance }: ServerScope): string | undefined {
  if (instance !== undefined && isLive(instance)) {
    return isUp(instance, context.now) ? instance.metadata.annotations?.[FLAVOR_ANNOTATION] : undefined;
  }
  if (machine?.spec?.runStrategy !== "Halted") return undefined;
  return machine.spec.template?.metadata?.annotations?.[FLAVOR_ANNOTATION];
}

/** Pure: the same scope gives the same status, and a pass without news writes nothing. */
export function serverStatus(scope: ServerScope): StatusReport<Server> {
  const { context, deps, machine, instance } = scope;
  const server = context.object;
  const before = server.status;
  const nova = serverState(scope);
  const up = instance?.status?.phase === "Running" && nova.state !== "BUILD";
  // A machine that is made again has not run yet.
  const launchedAt = scope.hadMachine ? (before?.launchedAt ?? (up ? timeText(context.now) : undefined)) : undefined;
  const stage = resizeOf(scope);
  const resize = stage === undefined ? before?.resize : stage.resize;
  const flavor = stage?.flavor ?? before?.flavor;
  const reboot = scope.reboot?.reboot ?? before?.reboot;
  const fault = nova.fault === undefined ? undefined : faultOf(nova.fault, before?.fault, context.now);
  const node = up ? instance?.status?.nodeName : undefined;
  const addresses = up ? addressesOf(scope) : [];
  const disk = machine === undefined ? undefined : (scope.disk ?? scope.recorded);
  const fields: Omit<ServerStatus, "conditions" | "observedGeneration"> = {
    state: nova.state,
    ...(nova.taskState === undefined ? {} : { taskState: nova.taskState }),
    powerState: nova.powerState,
    // It says that the machine has been made: quota counts it from then on.
    ...(machine === undefined ? {} : { instanceID: instanceId(deps.installationId, server) }),
    ...(launchedAt === undefined ? {} : { launchedAt }),
    hostname: hostnameOf(server, deps.clusterDomain),
    ...(node === undefined ? {} : { node }),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(fault === undefined ? {} : { fault }),
    ...(flavor === undefined ? {} : { flavor }),
    ...(resize === undefined ? {} : { resize }),
    ...(disk === undefined ? diskBefore(before) : diskNow(disk, scope)),
    ...(reboot === undefined ? {} : { reboot }),
  };
  return {
    fields,
    conditions: serverConditions(scope),
  };
}

/** What was known of the disk stays known when the machine is gone: its number counts on. */
function diskBefore(before: ServerStatus | undefined): Pick<ServerStatus, "image" | "rootDisk"> {
  const { image, rootDisk } = before ?? {};
  return { ...(image === undefined ? {} : { image }), ...(rootDisk === undefined ? {} : { rootDisk }) };
}

function diskNow(disk: RootDisk, scope: ServerScope): Pick<ServerStatus, "image" | "rootDisk"> {
  const { context, machine } = scope;
  // Told with the end of a young build, not a moment before it.
  const early = context.object.status?.launchedAt === undefined && isYoungBuild(machine, scope.instance, context.now);
  const made = diskIsMade(rootVolume(scope)) && !early;
  return {
    image: disk.image,
    rootDisk: { generation: disk.generation, volume: disk.volume, size: disk.size, ready: made },
  };
}

function faultOf(
  fault: { readonly code: number; readonly message: string },
  before: ServerStatusFault | undefined,
  now: Date,
): ServerStatusFault {
  const message = fault.message.slice(0, 1024);
  const known = before?.code === fault.code && before.message === message;
  return { code: fault.code, message, at: known ? before.at : timeText(now) };
}

function addressesOf({ context, instance, launcher }: ServerScope): readonly ServerStatusAddress[] {
  const said = saidAddresses(instance);
  if (said.length > 0) return said;
  if (launcher === undefined) {
    // A pass that came to its end before the launcher was asked has nothing new to say.
    const before = context.object.status;
    const goesOn = isUp(instance, context.now) && before?.node === instance?.status?.nodeName;
    return goesOn ? (before?.addresses ?? []) : [];
  }
  if (launcher.address === undefined) return [];
  const mac = instance?.spec?.domain?.devices?.interfaces?.[0]?.macAddress;
  return [{ network: "default", address: launcher.address, ...(mac === undefined ? {} : { mac }) }];
}

function saidAddresses(instance: VirtualMachineInstance | undefined): readonly ServerStatusAddress[] {
  return (instance?.status?.interfaces ?? []).flatMap(({ name = "default", ipAddress, ipAddresses, mac }) => {
    const all = new Set([...(ipAddress === undefined ? [] : [ipAddress]), ...(ipAddresses ?? [])]);
    return [...all]
      .filter((address) => address !== "")
      .map((address) => ({ network: name, address, ...(mac === undefined ? {} : { mac }) }));
  });
}
