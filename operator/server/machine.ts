import { createHash } from "node:crypto";
import { type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { FLAVOR_ANNOTATION, SERVER_LABEL } from "#operator/api/marks.ts";
import { boundariesMark } from "#operator/boundaries.ts";
import type { Desired } from "#runtime/api/object.ts";
import { apiVersionOf } from "#runtime/api/resource.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { FILES_LABEL } from "./guest-script.ts";
import { instanceId, macAddress } from "./identity.ts";
import type { MachineFlavor } from "./machine-flavor.ts";
import { childMetadata, FILES_ANNOTATION, filesSecretKey, unownedMetadata, userDataSecretKey } from "./names.ts";
import { affinityOf } from "./placement.ts";
import { ROOT_DISK_ANNOTATION, type RootDisk } from "./root-disk.ts";

/**
 * How long a guest that is asked to shut down may take before its power is cut, in seconds; KubeVirt's own default.
 * A soft reboot can cut it earlier (`hardAfter`), not later.
 */
const SHUTDOWN_SECONDS = 180;
/** Annotation with a digest of what was applied, by which a field that is no longer wanted is seen. */
const APPLIED_ANNOTATION = "nephele.dev/applied";
/** KubeVirt takes user data of at most this many bytes in the machine itself. */
export const INLINE_USER_DATA_LIMIT = 2048;

export interface MachinePlan {
  readonly server: Server;
  readonly installationId: string;
  readonly flavor: MachineFlavor;
  readonly disk: RootDisk;
  /** Where Servers of the Project may run; the disk has its own. */
  readonly boundaries: readonly string[];
  /** Whether the guest is to have power; a paused guest has. */
  readonly powered: boolean;
  /** The user data itself where it is small and holds nothing of a user's; else it is in the core Secret. */
  readonly userData: { readonly inline: string } | "secret";
  /** What the files' disk holds; undefined where the Server has no files. */
  readonly filesRevision: string | undefined;
}

/** The machine (kubevirt.io/v1 VirtualMachine), which has the Server's name. */
export function machineFor(plan: MachinePlan): Desired {
  const { server, disk, powered } = plan;
  const spec = {
    runStrategy: powered ? "Always" : "Halted",
    instancetype: { kind: "VirtualMachineClusterInstancetype", name: plan.flavor.status?.instancetype ?? "" },
    dataVolumeTemplates: [
      {
        metadata: {
          name: disk.volume,
          labels: { [SERVER_LABEL]: server.metadata.name },
          ...(disk.boundaries === undefined ? {} : { annotations: boundariesMark(disk.boundaries) }),
        },
        spec: {
          storage: { resources: { requests: { storage: disk.size } } },
          sourceRef: { kind: "DataSource", namespace: disk.image.namespace, name: disk.source },
        },
      },
    ],
    template: {
      metadata: {
        labels: { [SERVER_LABEL]: server.metadata.name },
        annotations: {
          [FLAVOR_ANNOTATION]: plan.flavor.metadata.name,
          ...(plan.filesRevision === undefined ? {} : { [FILES_ANNOTATION]: plan.filesRevision }),
        },
      },
      spec: guestSpec(plan),
    },
  };
  const annotations = { [ROOT_DISK_ANNOTATION]: JSON.stringify(disk) };
  const isRetained = server.spec.rootDisk.onServerDelete === "Retain";
  const digest = createHash("sha256")
    .update(JSON.stringify([spec, annotations, ...(isRetained ? ["unowned"] : [])]))
    .digest("hex")
    .slice(0, 16);
  const metadataOf = isRetained ? unownedMetadata : childMetadata;
  return {
    apiVersion: apiVersionOf(virtualMachines),
    kind: virtualMachines.kind,
    metadata: metadataOf(server, server.metadata.name, { ...annotations, [APPLIED_ANNOTATION]: digest }),
    spec,
  };
}

function guestSpec({
  server,
  installationId,
  flavor,
  disk,
  boundaries,
  userData,
  filesRevision,
}: MachinePlan): unknown {
  const affinity = affinityOf(server, flavor, [...boundaries, ...(disk.boundaries ?? [])]);
  const files = filesRevision !== undefined;
  return {
    hostname: server.metadata.name,
    architecture: disk.architecture,
    terminationGracePeriodSeconds: SHUTDOWN_SECONDS,
    // A drain moves the guest while it runs where KubeVirt can, and shuts it down where not, instead of waiting for ever.
    evictionStrategy: "LiveMigrateIfPossible",
    ...(affinity === undefined ? {} : { affinity }),
    domain: {
      firmware: {
        uuid: instanceId(installationId, server),
        // Without it KubeVirt takes what the architecture has: BIOS for amd64.
        ...(disk.firmware === "uefi" ? { bootloader: { efi: { secureBoot: false } } } : {}),
      },
      devices: {
        disks: [
          { name: "root", bootOrder: 1, disk: { bus: disk.diskBus } },
          { name: "cloud-init", disk: { bus: disk.diskBus } },
          // Not `readonly`, though nothing writes on it: libvirt would not copy it to another node, and the guest not move.
          ...(files ? [{ name: "files", disk: { bus: disk.diskBus } }] : []),
        ],
        interfaces: [
          {
            name: "default",
            masquerade: {},
            model: disk.nicModel,
            macAddress: macAddress(installationId, server),
          },
        ],
        rng: {},
      },
    },
    networks: [{ name: "default", pod: {} }],
    volumes: [
      { name: "root", dataVolume: { name: disk.volume } },
      {
        name: "cloud-init",
        cloudInitNoCloud:
          userData === "secret"
            ? { secretRef: { name: userDataSecretKey(server).name } }
            : { userData: userData.inline },
      },
      // Never on the root disk: a disk of its own, made by the launcher from what only the launcher mounts.
      ...(files
        ? [{ name: "files", secret: { secretName: filesSecretKey(server).name, volumeLabel: FILES_LABEL } }]
        : []),
    ],
  };
}

export type MachineChange = "none" | "wanted" | "drift";

/** Whether the machine is as desired; if not, whether we want something new or somebody else changed it. */
export function machineChange(current: VirtualMachine, desired: Desired): MachineChange {
  const applied = current.metadata.annotations?.[APPLIED_ANNOTATION];
  if (applied !== desired.metadata.annotations?.[APPLIED_ANNOTATION]) return "wanted";
  return alreadyApplied(current, desired) && sameDevices(current, desired) ? "none" : "drift";
}

/** A disk or network more than ours is drift too, though all that we named is there. */
function sameDevices(current: VirtualMachine, desired: Desired): boolean {
  return JSON.stringify(deviceNames(current)) === JSON.stringify(deviceNames(desired as unknown as VirtualMachine));
}

function deviceNames({ spec }: VirtualMachine): readonly string[] {
  const guest = spec?.template?.spec;
  const named = [guest?.volumes, guest?.networks, guest?.domain?.devices?.disks, guest?.domain?.devices?.interfaces];
  return named.flatMap((list, at) => (list ?? []).map(({ name }) => `${at} ${name}`)).toSorted();
}
