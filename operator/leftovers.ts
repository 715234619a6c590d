import { type DataVolume, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import { FLAVOR_ANNOTATION, RETAINED_FROM_LABEL, SERVER_UID_ANNOTATION } from "#operator/api/marks.ts";
import { servers } from "#operator/api/resources.ts";
import { keyOf } from "#runtime/api/object.ts";
import { bytesOf } from "#runtime/api/quantity.ts";
import { apiVersionOf } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { type Amount, askedStorage, NOTHING, plus, type Sizes, sizesOf, volumeSize } from "./amounts.ts";
import type { QuotaContents } from "./quota-contents.ts";

/**
 * What is taken by that which Servers have left: machines whose Server is gone, and whose guests still shut down; and
 * root disks that were kept, from when their Server is gone.
 */
export function takenByLeftovers(contents: QuotaContents): Amount {
  const { servers: there, machines, volumes } = contents;
  const uids = new Set(there.map(({ metadata }) => metadata.uid));
  const theirs = new Set(there.map(({ status }) => status?.rootDisk?.volume));
  const kept = volumes.filter((volume) => isKept(volume) && !theirs.has(volume.metadata.name));
  const storage = kept.reduce((sum, volume) => sum + volumeSize(volume), 0n);
  const left = machines.filter((machine) => {
    const owner = ownerOf(machine);
    return owner !== undefined && !uids.has(owner);
  });
  return left.map((machine) => takenByMachine(machine, contents)).reduce(plus, { ...NOTHING, storage });
}

/** Whether it is a root disk that its Server left (`onServerDelete: Retain`). */
export function isKept({ metadata }: DataVolume): boolean {
  return metadata.labels?.[RETAINED_FROM_LABEL] !== undefined;
}

/** Whether a machine that changed is there no more: then what it took is free. */
export function isGone(machine: VirtualMachine, cache: CacheReader): boolean {
  return cache.get(virtualMachines, keyOf(machine))?.metadata.uid !== machine.metadata.uid;
}

/** The UID of the Server that a machine was made for. */
export function ownerOf({ metadata }: VirtualMachine): string | undefined {
  const made = apiVersionOf(servers);
  const said = metadata.annotations?.[SERVER_UID_ANNOTATION];
  if (said !== undefined) return said;
  return metadata.ownerReferences?.find(({ apiVersion, kind }) => apiVersion === made && kind === servers.kind)?.uid;
}

/** As much as it was made with. */
function takenByMachine({ spec }: VirtualMachine, sizes: Sizes): Amount {
  const flavor = spec?.template?.metadata?.annotations?.[FLAVOR_ANNOTATION];
  const disks = (spec?.dataVolumeTemplates ?? []).map((disk) => askedStorage(disk.spec));
  const storage = disks.reduce((sum, size) => sum + bytesOf(size ?? "0"), 0n);
  return { servers: 1, ...sizesOf([flavor], sizes), storage };
}
