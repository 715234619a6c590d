import { request } from "undici";
import type { NodeHandle } from "../handle.ts";
import { type DiskServer, diskServerHost, reachDiskServer, startDiskServer } from "./disk-server.ts";
import { guestRegistry } from "./images.ts";

const server: DiskServer = { name: "guest-registry", port: 5000, listens: 5000, ready: "/v2/" };
/** Host and port for pods. It speaks http, which CDI must be told (manifests.ts). */
export const guestRegistryHost = diskServerHost(server);

/** Disks in a registry in the cluster, as KubeVirt's containerDisks. */
export interface GuestRegistry {
  /** The address of a disk, by its digest: `guest`, the test guest's, or `debian`, a Debian with its own cloud-init. */
  url(disk: "guest" | "debian"): Promise<string>;
}

/** Starts the registry, or finds it at work. */
export async function serveGuestRegistry(node: NodeHandle, print: (line: string) => void): Promise<GuestRegistry> {
  const [image] = [...(await guestRegistry(print)).values()];
  if (image === undefined) throw new Error("the image of the registry was not built");
  await startDiskServer(node, server, image);
  return { url: async (disk) => `docker://${guestRegistryHost}/disks/${disk}@${await digestOf(node, disk)}` };
}

async function digestOf(node: NodeHandle, disk: string): Promise<string> {
  const way = await reachDiskServer(node, server);
  try {
    const manifest = `http://127.0.0.1:${way.port}/v2/disks/${disk}/manifests/latest`;
    const headers = { accept: "application/vnd.oci.image.manifest.v1+json" };
    const answer = await request(manifest, { method: "HEAD", headers });
    if (answer.statusCode !== 200) throw new Error(`the registry answered ${answer.statusCode} for disks/${disk}`);
    return String(answer.headers["docker-content-digest"]);
  } finally {
    way.close();
  }
}
