import { type DataVolume, dataVolumes, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { flavors, images, servers } from "#operator/api/resources.ts";
import { keyOf, type ObjectKey } from "#runtime/api/object.ts";
import { bytesOf, formatBytes } from "#runtime/api/quantity.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { imageSize, most, type Sizes, volumeSize } from "./amounts.ts";

/** What is in a namespace that takes of its Project's quota, and how to find what Servers name. */
export interface QuotaContents extends Sizes {
  readonly servers: readonly Server[];
  readonly images: readonly Image[];
  readonly machines: readonly VirtualMachine[];
  readonly volumes: readonly DataVolume[];
}

/** What a namespace holds, out of the cache. */
export function quotaContents(namespace: string, cache: CacheReader): QuotaContents {
  return {
    servers: cache.list(servers, namespace),
    images: cache.list(images, namespace).map((image) => sizedByOrigin(image, cache)),
    machines: cache.list(virtualMachines, namespace),
    volumes: cache.list(dataVolumes, namespace),
    flavor: (name) => cache.get(flavors, { name }),
    image: (key) => cache.get(images, key),
  };
}

/** A copy of a volume that has no size yet, and is not told one, will be as large as that. */
function sizedByOrigin(image: Image, cache: CacheReader): Image {
  const { source, minDisk } = image.spec;
  if (source.volume === undefined || minDisk !== undefined || image.status?.size !== undefined) return image;
  const size = originSize({ ...keyOf(image), name: source.volume.name }, cache);
  return size === 0n ? image : { ...image, status: { ...image.status, size: formatBytes(size) } };
}

/**
 * How large a volume is, in bytes, as its DataVolume, the Server that has it for its root disk, and the Image that it is the
 * volume of say it: a disk that grew has a DataVolume of its first size, and an Image's own copy may have one of no size.
 */
function originSize(key: ObjectKey, cache: CacheReader): bigint {
  const volume = cache.get(dataVolumes, key);
  if (volume === undefined) return 0n;
  const disks = cache.list(servers, key.namespace).map(({ status }) => status?.rootDisk);
  const grown = disks.find((disk) => disk?.volume === key.name)?.size ?? "0";
  const image = cache.get(images, key);
  return most([volumeSize(volume), bytesOf(grown), image === undefined ? 0n : bytesOf(imageSize(image))]);
}

/** Whether an Image has its volume, also where a process that ended in between did not come to say so in the status. */
export function hasVolume(image: Image, cache: CacheReader): boolean {
  return image.status?.volume !== undefined || cache.get(dataVolumes, keyOf(image)) !== undefined;
}
