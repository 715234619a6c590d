import type { DataVolume } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { DISK_SIZE_ANNOTATION } from "#operator/api/marks.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { bytesOf, isQuantity } from "#runtime/api/quantity.ts";

/** What one or many Servers and Images take of a Project's quota; memory and storage in bytes. */
export interface Amount {
  readonly servers: number;
  readonly cores: number;
  readonly memory: bigint;
  readonly storage: bigint;
}

interface AskedVolume {
  readonly storage?: { readonly resources?: { readonly requests?: Readonly<Record<string, string | undefined>> } };
}

/** How to find what Servers name. */
export interface Sizes {
  readonly flavor: (name: string) => Flavor | undefined;
  readonly image: (key: { readonly namespace: string; readonly name: string }) => Image | undefined;
}

/** The reason of Ready while a Server or an Image, or what it grows to, does not fit into the quota, and nothing worse is to be said. */
export const QUOTA_EXCEEDED = "QuotaExceeded";
/** The condition that says so whatever Ready says: False, or not there. */
export const WITHIN_QUOTA = "WithinQuota";

export const NOTHING: Amount = { servers: 0, cores: 0, memory: 0n, storage: 0n };

export function plus(one: Amount, other: Amount): Amount {
  return {
    servers: one.servers + other.servers,
    cores: one.cores + other.cores,
    memory: one.memory + other.memory,
    storage: one.storage + other.storage,
  };
}

/** The Image that a Server names. */
export function imageKey(server: Server): { readonly namespace: string; readonly name: string } {
  const { name, namespace } = server.spec.imageRef;
  return { namespace: namespace ?? server.metadata.namespace ?? "", name };
}

/** What the Image's volume needs of a disk that is copied from it. */
export function imageSize(image: Image): string {
  return image.spec.minDisk ?? image.status?.virtualSize ?? image.status?.size ?? "0";
}

/** Whether a Server has its machine: the status names it from the pass on that made it. */
export function isBuilt(server: Server): boolean {
  return server.status?.instanceID !== undefined;
}

/** Whether a Server or an Image was told that it, or what it grows to, does not fit. */
export function isOverQuota({ status }: Server | Image): boolean {
  return (
    findCondition(status?.conditions, "Ready")?.reason === QUOTA_EXCEEDED ||
    findCondition(status?.conditions, WITHIN_QUOTA)?.status === "False"
  );
}

/** What a DataVolume, or a machine's template of one, asks for. */
export function askedStorage(spec: AskedVolume | undefined): string | undefined {
  return spec?.storage?.resources?.requests?.["storage"];
}

/** What a DataVolume takes, in bytes: as much as it was made with, or as a disk that was kept had grown to. */
export function volumeSize({ metadata, spec }: DataVolume): bigint {
  const grown = metadata.annotations?.[DISK_SIZE_ANNOTATION] ?? "0";
  return most([bytesOf(askedStorage(spec) ?? "0"), isQuantity(grown) ? bytesOf(grown) : 0n]);
}

/** What an Image takes: its own volume. */
export function takenByImage(image: Image): Amount {
  return { ...NOTHING, storage: bytesOf(image.status?.size ?? image.spec.minDisk ?? "0") };
}

/** What a Server takes when it is as its spec says. One whose Flavor is missing has no size yet. */
export function wantedBy(server: Server, sizes: Sizes): Amount {
  const flavor = sizes.flavor(server.spec.flavorRef.name);
  return { ...sizeOf(flavor), servers: 1, storage: storageOf(server, flavor, sizes) };
}

/**
 * What a Server takes that has its machine. While it is resized, it counts as the larger of both sizes: it may be
 * confirmed or reverted. What it wishes to be and was refused counts for nothing, or one who asks for too much would hold
 * up all others.
 */
export function takenByBuilt(server: Server, isRefused: boolean, sizes: Sizes): Amount {
  const { flavor, resize, rootDisk } = server.status ?? {};
  const refused = isRefused && flavor !== undefined && rootDisk !== undefined;
  return {
    servers: 1,
    ...sizesOf([refused ? undefined : server.spec.flavorRef.name, flavor, resize?.from], sizes),
    storage: refused ? bytesOf(rootDisk.size ?? "0") : wantedBy(server, sizes).storage,
  };
}

/**
 * What a machine has of its own: as it is, and as its Server's status says that it may still go back to.
 * @param flavor the one that the machine is made with
 * @param disk the size of its root disk
 */
export function hadBy({ status }: Server, flavor: string | undefined, disk: string, sizes: Sizes): Amount {
  const each = sizesOf([flavor, status?.flavor, status?.resize?.from], sizes);
  return { servers: 1, ...each, storage: bytesOf(disk) };
}

/** The largest of these Flavors, in each respect. */
export function sizesOf(names: readonly (string | undefined)[], sizes: Sizes): Pick<Amount, "cores" | "memory"> {
  const each = names.filter((name) => name !== undefined).map((name) => sizeOf(sizes.flavor(name)));
  return { cores: Math.max(0, ...each.map(({ cores }) => cores)), memory: most(each.map(({ memory }) => memory)) };
}

function sizeOf(flavor: Flavor | undefined): Pick<Amount, "cores" | "memory"> {
  return { cores: flavor?.spec.cpus ?? 0, memory: bytesOf(flavor?.spec.memory ?? "0") };
}

function storageOf(server: Server, flavor: Flavor | undefined, sizes: Sizes): bigint {
  const made = bytesOf(server.status?.rootDisk?.size ?? "0");
  const asked = server.spec.rootDisk.size;
  if (asked !== undefined) return most([made, bytesOf(asked)]);
  const image = sizes.image(imageKey(server));
  return most([made, bytesOf(flavor?.spec.disk ?? "0"), image === undefined ? 0n : bytesOf(imageSize(image))]);
}

export function most(amounts: readonly bigint[]): bigint {
  let largest = 0n;
  for (const amount of amounts) if (amount > largest) largest = amount;
  return largest;
}
