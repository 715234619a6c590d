import { imageKey } from "#operator/amounts.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { allBoundaries } from "#operator/boundaries.ts";
import { type KubeObject, keyText, type ObjectKey } from "#runtime/api/object.ts";
import { bytesOf, canonical, isQuantity } from "#runtime/api/quantity.ts";
import type { MachineFlavor } from "./machine-flavor.ts";

/** Annotation of the machine that carries its {@link RootDisk}: disk and record are written in one request. */
export const ROOT_DISK_ANNOTATION = "nephele.dev/root-disk";

/** The root disk that a machine has, and all of its Image that the machine needs after the Image is gone. */
export interface RootDisk {
  /** Counts up with each rebuild. */
  readonly generation: number;
  /** Name of the DataVolume and its claim. */
  readonly volume: string;
  readonly size: string;
  readonly image: { readonly namespace: string; readonly name: string; readonly checksum?: string };
  /** The DataSource that it is copied from; in the Image's namespace. */
  readonly source: string;
  readonly architecture: string;
  readonly firmware: string;
  readonly diskBus: string;
  readonly nicModel: string;
  /** Where what is on the disk may be run, as its Image said when it was copied. */
  readonly boundaries?: readonly string[];
  /** A guest of it was given files, to which it has links that go when the last file is taken out. */
  readonly mayHoldLinks?: boolean;
}

export function volumeName(server: Server, generation: number): string {
  return `${server.metadata.name}-root-${generation}`;
}

/** What a machine says of its disk; undefined where there is no machine or its record cannot be read. */
export function recordedDisk(machine: KubeObject | undefined): RootDisk | undefined {
  const text = machine?.metadata.annotations?.[ROOT_DISK_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRootDisk(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRootDisk(value: unknown): value is RootDisk {
  if (typeof value !== "object" || value === null) return false;
  const {
    generation,
    volume,
    size,
    image,
    source,
    boundaries = [],
  } = value as Partial<Record<keyof RootDisk, unknown>>;
  return (
    Array.isArray(boundaries) &&
    typeof generation === "number" &&
    [volume, source].every((field) => typeof field === "string") &&
    typeof size === "string" &&
    isQuantity(size) &&
    typeof image === "object"
  );
}

export type DiskPlan =
  /** The disk that is there stays. */
  | { readonly kind: "keep"; readonly disk: RootDisk }
  /** A disk is made from the Image: the first, or another after a rebuild. */
  | { readonly kind: "make"; readonly generation: number; readonly rebuild: boolean }
  | { readonly kind: "refused"; readonly field: string; readonly problem: string };

/** Whether the Server's root disk stays or is made from its Image. */
export function planDisk(server: Server, recorded: RootDisk | undefined): DiskPlan {
  const wanted = imageKey(server);
  const last = server.status?.rootDisk?.generation ?? 1;
  if (recorded === undefined) return { kind: "make", generation: last, rebuild: false };
  const { image } = recorded;
  if (image.namespace === wanted.namespace && image.name === wanted.name) return { kind: "keep", disk: recorded };
  if (server.spec.rebuildPolicy !== "Replace") {
    return {
      kind: "refused",
      field: "spec.imageRef",
      problem:
        `the root disk was made of Image ${keyText(image)}, and another one would throw it away: ` +
        `set rebuildPolicy to Replace if that is meant, or imageRef back`,
    };
  }
  return { kind: "make", generation: recorded.generation + 1, rebuild: true };
}

export type DiskSize =
  | { readonly kind: "size"; readonly size: string }
  | { readonly kind: "refused"; readonly problem: string };

/**
 * How large a disk is made from an Image, or how large one grows that is there.
 * @param least what it cannot be smaller than: the Image's size, or the disk's own
 * @param leastOf that in words
 */
export function diskSize(server: Server, flavor: MachineFlavor, least: string, leastOf: string): DiskSize {
  const asked = server.spec.rootDisk.size;
  if (asked === undefined) return { kind: "size", size: canonical(larger(least, flavor.spec.disk)) };
  for (const [bound, of] of [
    [least, leastOf],
    [flavor.spec.disk, `Flavor ${flavor.metadata.name}`],
  ] as const) {
    if (bytesOf(asked) < bytesOf(bound))
      return { kind: "refused", problem: `${asked} is less than ${of} needs: ask for ${bound} or more` };
  }
  return { kind: "size", size: canonical(asked) };
}

/** The disk to make from an Image that is active. */
export function diskFrom(server: Server, image: Image, generation: number, size: string): RootDisk {
  const { os, hardware } = image.spec;
  const boundaries = allBoundaries(image.spec.boundaries, image.status?.boundaries);
  const { name, namespace = "" } = image.metadata;
  const checksum = image.status?.checksum;
  return {
    generation,
    volume: volumeName(server, generation),
    size,
    image: { namespace, name, ...(checksum === undefined ? {} : { checksum }) },
    source: image.status?.volume ?? name,
    architecture: os.architecture,
    firmware: hardware.firmware,
    diskBus: hardware.diskBus,
    nicModel: hardware.nicModel,
    ...(boundaries.length === 0 ? {} : { boundaries }),
  };
}

/** Where the DataVolume of a name stands with regard to the Server's machine. */
export type Holder = "nobody" | "ours" | "leaving" | "foreign";

/**
 * Whose a volume is. KubeVirt takes over a DataVolume of the name in its template that has no owner, and would clone
 * nothing: so we look first.
 * @param machineUid the UID of the machine that is there
 */
export function holderOf(volume: KubeObject | undefined, key: ObjectKey, machineUid: string | undefined): Holder {
  if (volume === undefined) return "nobody";
  const owner = volume.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner !== undefined && owner.kind === "VirtualMachine" && owner.uid === machineUid) return "ours";
  if (volume.metadata.deletionTimestamp !== undefined) return "leaving";
  return owner?.kind === "VirtualMachine" && owner.name === key.name ? "leaving" : "foreign";
}

/** The larger of two quantities, as it was written. */
function larger(one: string, other: string): string {
  return bytesOf(other) > bytesOf(one) ? other : one;
}
