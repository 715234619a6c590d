import type { Admissions } from "#operator/admissions.ts";
import {
  type DataVolume,
  dataVolumes,
  nodes,
  type VirtualMachine,
  type VirtualMachineInstance,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { projects } from "#operator/api/resources.ts";
import type { ReconcileContext } from "#runtime/controller/definition.ts";
import type { Outcome } from "#runtime/controller/outcome.ts";
import { type LostNode, lostNode, nodeOf } from "./lost-node.ts";
import type { MachinePlan } from "./machine.ts";
import type { MachineFlavor } from "./machine-flavor.ts";
import { keyOfServer, ownership } from "./names.ts";
import type { Payloads } from "./payloads.ts";
import { leftBoundaries } from "./placement.ts";
import type { RebootStage } from "./reboot.ts";
import { type RootDisk, recordedDisk, volumeName } from "./root-disk.ts";
import { PROJECT_BY_NAMESPACE } from "./wakes.ts";

/** What the controller is given when the program is put together. */
export interface ServerDependencies {
  readonly installationId: string;
  readonly payloads: Payloads;
  /** The cluster's domain in DNS. */
  readonly clusterDomain: string;
}

/** What the steps of one pass share. */
export interface ServerScope {
  readonly context: ReconcileContext<Server>;
  readonly deps: ServerDependencies;
  /** Shared by all passes of the process, of Servers and of Images. */
  readonly admissions: Admissions;
  readonly key: { readonly namespace: string; readonly name: string };
  /** The Project of the namespace. */
  readonly project: Project | undefined;
  /** The machine, if it is ours; brought up to date by the step that writes it. */
  machine: VirtualMachine | undefined;
  /** Whether it was there when the pass began: one that is made in the pass has never run. */
  readonly hadMachine: boolean;
  /** A machine of the Server's name that is not ours. */
  readonly stranger: VirtualMachine | undefined;
  readonly instance: VirtualMachineInstance | undefined;
  /** The node that the guest is on, where it is lost. */
  readonly lost: LostNode | undefined;
  /** The boundaries that the guest runs outside of. */
  readonly outside: readonly string[];
  /** What the machine says of its root disk when the pass begins. */
  readonly recorded: RootDisk | undefined;
  /** Set when the Flavor that the machine is to have is there. Not the spec's, where the quota forbids that one. */
  flavor?: MachineFlavor;
  /** Set when it is known which root disk the machine is to have. */
  disk?: RootDisk;
  /** The user data, once it is where the machine finds it. */
  userData?: MachinePlan["userData"];
  /** The revision of the files' disk, once it is where the launcher finds it. */
  filesRevision?: string;
  /** Set when the pass has come to the files. */
  filesLooked?: boolean;
  /** The files cannot be had as they are to be, and the machine goes on with those that it was given. */
  filesAwaited?: boolean;
  /** What of the Project's quota the Server, or what it grows to, does not fit into. */
  overQuota?: string;
  /** Something that does not stop what comes after it, but the Server from being Ready. */
  held?: Outcome;
  /** Likewise an error: thrown when the pass has done all the rest. */
  failed?: { readonly error: unknown };
  /** Set while no node takes a pod that copies the root disk: why. */
  notCopied?: string;
  /** Set while a guest does not start on the node that has it: what its pod's events say. */
  notStarted?: string;
  /** Set while a disk is copied or a guest starts: when to look again why it does not come to an end. */
  lookAgainMs?: number;
  /** Set when a guest's launcher was asked for the address that KubeVirt does not say; undefined where it has none either. */
  launcher?: { readonly address: string | undefined };
  /** Set by the step that ends and starts instances. */
  reboot?: RebootStage;
}

export function serverScope(
  context: ReconcileContext<Server>,
  deps: ServerDependencies,
  admissions: Admissions,
): ServerScope {
  const { object: server, cache } = context;
  const key = keyOfServer(server);
  const found = cache.get(virtualMachines, key);
  const ours = found !== undefined && ownership(found, server) === "ours";
  const machine = ours ? found : undefined;
  const instance = machine === undefined ? undefined : cache.get(virtualMachineInstances, key);
  const nodeName = nodeOf(instance);
  const node = nodeName === undefined ? undefined : cache.get(nodes, { name: nodeName });
  return {
    context,
    deps,
    admissions,
    key,
    project: cache.byIndex(projects, PROJECT_BY_NAMESPACE, key.namespace)[0],
    machine,
    hadMachine: ours,
    stranger: ours ? undefined : found,
    instance,
    lost: lostNode(node),
    outside: leftBoundaries(machine, instance, node),
    recorded: recordedDisk(machine),
  };
}

/** The DataVolume of the root disk in use. */
export function rootVolume({ context, key, disk, recorded }: ServerScope): DataVolume | undefined {
  const name = disk?.volume ?? recorded?.volume ?? volumeName(context.object, 1);
  return context.cache.get(dataVolumes, { namespace: key.namespace, name });
}

/** How the guest is to be, after what the Project says: a disabled one stops all of its Servers. */
export function wantedPower({ context, project }: ServerScope): Server["spec"]["power"] {
  return project?.spec.enabled === false ? "Stopped" : context.object.spec.power;
}

/** The claim or volume that an instance was started from. */
export function rootVolumeOf(instance: VirtualMachineInstance | undefined): string | undefined {
  return instance?.spec?.volumes?.find(({ name }) => name === "root")?.dataVolume?.name;
}
