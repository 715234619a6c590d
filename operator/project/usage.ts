import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { ProjectStatusUsed } from "#operator/api/generated/project.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { bytesOf, formatBytes } from "#runtime/api/quantity.ts";

/** What is in a Project's namespace, and how to find what its Servers name. */
export interface ProjectContents {
  readonly servers: readonly Server[];
  readonly images: readonly Image[];
  readonly secrets: readonly Secret[];
  readonly flavor: (name: string) => Flavor | undefined;
  readonly image: (namespace: string, name: string) => Image | undefined;
}

/**
 * What the quota counts: guests by their Flavors, whether they run or not, disks of Servers and Images, and versions of
 * Secrets. A Server whose Flavor is missing counts as a Server with no size yet.
 */
export function usage(contents: ProjectContents): ProjectStatusUsed {
  let [cores, memory, storage] = [0, 0n, 0n];
  for (const server of contents.servers) {
    const flavor = contents.flavor(server.spec.flavorRef.name);
    cores += flavor?.spec.cpus ?? 0;
    memory += bytesOf(flavor?.spec.memory ?? "0");
    storage += rootDiskBytes(server, flavor, contents);
  }
  for (const image of contents.images) storage += bytesOf(image.status?.size ?? image.spec.minDisk ?? "0");
  const versions = contents.secrets.map((secret) => secret.status?.versions?.length ?? 0);
  return {
    servers: contents.servers.length,
    cores,
    memory: formatBytes(memory),
    storage: formatBytes(storage),
    secrets: versions.reduce((sum, count) => sum + count, 0),
  };
}

function rootDiskBytes(server: Server, flavor: Flavor | undefined, contents: ProjectContents): bigint {
  const { imageRef, rootDisk } = server.spec;
  if (rootDisk.size !== undefined) return bytesOf(rootDisk.size);
  const image = contents.image(imageRef.namespace ?? server.metadata.namespace ?? "", imageRef.name);
  const [byFlavor, byImage] = [bytesOf(flavor?.spec.disk ?? "0"), bytesOf(image?.spec.minDisk ?? "0")];
  if (byFlavor > byImage) return byFlavor;
  return byImage;
}
