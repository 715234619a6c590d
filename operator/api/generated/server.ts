// Generated from crds/server.yaml by tools/generate-types.ts. Change the source and run: make generate
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";

/** A Server is a virtual machine. It becomes a VirtualMachine of KubeVirt, with its root disk, its cloud-init and a Service for its lasting name. */
export interface Server extends KubeObject<ServerSpec, ServerStatus> {
  readonly spec: ServerSpec;
}

/** The machine as it should be. */
export interface ServerSpec {
  readonly flavorRef: ServerFlavorRef;
  readonly resize: ServerResize;
  readonly imageRef: ServerImageRef;
  /** What a change of imageRef does. Refuse: nothing, it is refused. Replace: the root disk is thrown away and made anew. */
  readonly rebuildPolicy: "Refuse" | "Replace";
  readonly rootDisk: ServerRootDisk;
  /** Whether it runs. A Server that is stopped as wanted is Ready. */
  readonly power: "Running" | "Stopped" | "Paused";
  readonly reboot?: ServerReboot;
  readonly userData?: ServerUserData;
  /** Files out of Barbican. They come on a disk of their own at each start and are never on the root disk. */
  readonly files?: readonly ServerFile[];
  /**
   * Public keys that may log in as the image's first user.
   *
   * Items: One line of an authorized_keys file, without options.
   */
  readonly sshKeys?: readonly string[];
  /** Names and values that the guest can read from cloud-init, as Nova's metadata. */
  readonly metadata?: {
    /** A value. */
    readonly [k: string]: string;
  };
  /** Zone of the node, by its label topology.kubernetes.io/zone. */
  readonly zone?: string;
  readonly placement?: ServerPlacement;
}

/** The size of the machine. Changing it resizes; changing it back before the resize is confirmed reverts. */
export interface ServerFlavorRef {
  /** Name of a Flavor. */
  readonly name: string;
}

/** How a resize ends. */
export interface ServerResize {
  /** Automatic: the new size stays when the machine runs with it. Manual: it waits in VERIFY_RESIZE for confirmed. */
  readonly confirm: "Automatic" | "Manual";
  /** Name of the Flavor to which a resize is confirmed. It counts where it is the flavorRef's. */
  readonly confirmed?: string;
}

/** What the root disk begins with. Changing it rebuilds, where rebuildPolicy is Replace. */
export interface ServerImageRef {
  /** Name of an Image. */
  readonly name: string;
  /** Namespace of the Image, where it is shared or public. Without it, this one. */
  readonly namespace?: string;
}

/** The disk that the machine starts from. */
export interface ServerRootDisk {
  /** Its size as a quantity. Without it, the larger of the Flavor's disk and the Image's minDisk. */
  readonly size?: string;
  /** What becomes of it when the Server is deleted. */
  readonly onServerDelete: "Delete" | "Retain";
}

/** Each new requestedAt reboots once. */
export interface ServerReboot {
  /** A time in RFC 3339; any new value counts. */
  readonly requestedAt: string;
  /** Soft asks the guest, Hard cuts the power. */
  readonly type: "Soft" | "Hard";
  /** How long a guest that was asked has before the power is cut. */
  readonly hardAfter: string;
}

/** What cloud-init is given: a script, cloud-config, MIME or any other form of it, also compressed. */
export interface ServerUserData {
  readonly secretKeyRef: ServerUserDataSecretKeyRef;
}

/** A core Secret of this namespace that the writer may read. It stays on the root disk, so keep passwords in files. */
export interface ServerUserDataSecretKeyRef {
  /** Name of the core Secret. */
  readonly name: string;
  /** Key in it. */
  readonly key: string;
}

/** One file. */
export interface ServerFile {
  /** Where it is in the guest. */
  readonly path: string;
  /** Its rights, in octal. */
  readonly mode: string;
  readonly secretRef: ServerFileSecretRef;
}

/** The Secret (of nephele.dev) of this namespace whose current version is written. */
export interface ServerFileSecretRef {
  /** Name of the Secret. */
  readonly name: string;
}

/** Where the machine goes with regard to others, as Nova's scheduler hints. It counts at the next start. */
export interface ServerPlacement {
  /**
   * Servers of this namespace on whose node it must run.
   *
   * Items: Name of a Server.
   */
  readonly sameHost?: readonly string[];
  /**
   * Servers of this namespace on whose nodes it must not run.
   *
   * Items: Name of a Server.
   */
  readonly differentHost?: readonly string[];
}
/** What is there. */
export interface ServerStatus {
  /** The generation of the spec that this status speaks of. */
  readonly observedGeneration?: number;
  /** What is so and what is not. Ready says whether all is as the spec wants it. */
  readonly conditions?: readonly Condition[];
  /** State in Nova's words. */
  state?:
    | "BUILD"
    | "ACTIVE"
    | "PAUSED"
    | "SHUTOFF"
    | "REBOOT"
    | "HARD_REBOOT"
    | "REBUILD"
    | "RESIZE"
    | "VERIFY_RESIZE"
    | "REVERT_RESIZE"
    | "MIGRATING"
    | "ERROR"
    | "UNKNOWN";
  /** What is under way, in Nova's words, such as scheduling, spawning or powering-off. */
  readonly taskState?: string;
  /** Whether the guest runs. */
  readonly powerState?: "NoState" | "Running" | "Paused" | "Shutdown" | "Crashed";
  /** The machine's UUID as its firmware and cloud-init know it. */
  readonly instanceID?: string;
  /** When it first ran. */
  readonly launchedAt?: string;
  /** A DNS name in the cluster that stays when the address changes. */
  readonly hostname?: string;
  /** The node it runs on. */
  readonly node?: string;
  /** Addresses of the guest. */
  readonly addresses?: readonly ServerStatusAddress[];
  readonly fault?: ServerStatusFault;
  /** The Flavor that the machine has now. */
  readonly flavor?: string;
  readonly resize?: ServerStatusResize;
  readonly image?: ServerStatusImage;
  readonly rootDisk?: ServerStatusRootDisk;
  readonly reboot?: ServerStatusReboot;
}

/** One address. */
export interface ServerStatusAddress {
  /** Name of the network. */
  readonly network: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  /** The card's hardware address. */
  readonly mac?: string;
}

/** What went wrong, where state is ERROR. */
export interface ServerStatusFault {
  /** As Nova's: 500 for what failed, 404 for what is missing. */
  readonly code: number;
  /** What happened and what to do. */
  readonly message: string;
  /** When it was first seen. */
  readonly at: string;
}

/** A resize that is not finished. */
export interface ServerStatusResize {
  /** The Flavor before; a revert goes back to it. */
  readonly from: string;
  /** The Flavor that is tried. */
  readonly to: string;
  /** When it began. */
  readonly startedAt: string;
  /** When the machine first ran with it. */
  readonly appliedAt?: string;
}

/** The Image that the root disk was made of. */
export interface ServerStatusImage {
  /** Name of the Image. */
  readonly name: string;
  /** Namespace of the Image. */
  readonly namespace: string;
  /** Its checksum at that time. */
  readonly checksum?: string;
}

/** The root disk in use. */
export interface ServerStatusRootDisk {
  /** Counts up with each rebuild. */
  readonly generation: number;
  /** Name of its DataVolume and claim. */
  readonly volume: string;
  /** Its size, as a quantity. */
  readonly size?: string;
  /** false while it is being made from the Image, which cannot go so long. */
  readonly ready?: boolean;
}

/** The last reboot that was asked for. */
export interface ServerStatusReboot {
  /** The value of the spec that it answers. */
  readonly requestedAt: string;
  /** How. */
  readonly type: "Soft" | "Hard";
  /** When the guest was asked or the power cut. */
  readonly startedAt?: string;
  /** When it ran again. */
  readonly doneAt?: string;
  /** The running instance that the reboot is to end or restart. */
  readonly instance?: string;
}
