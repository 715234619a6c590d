import { type DataVolume, dataVolumes, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { flavors, images, servers } from "#operator/api/resources.ts";
import { keyOf } from "#runtime/api/object.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { askedStorage, type Sizes } from "./amounts.ts";

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
  const origin = cache.get(dataVolumes, { ...keyOf(image), name: source.volume.name });
  const size = askedStorage(origin?.spec);
  return size === undefined ? image : { ...image, status: { ...image.status, size } };
}

/** Whether an Image has its volume, also where a process that ended in between did not come to say so in the status. */
export function hasVolume(image: Image, cache: CacheReader): boolean {
  return image.status?.volume !== undefined || cache.get(dataVolumes, keyOf(image)) !== undefined;
}
