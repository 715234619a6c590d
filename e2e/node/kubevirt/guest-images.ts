import { request } from "undici";
import type { NodeHandle } from "../handle.ts";
import { type DiskServer, diskServerHost, reachDiskServer, startDiskServer } from "./disk-server.ts";
import { guestImages } from "./images.ts";

const server: DiskServer = { name: "guest-images", port: 80, listens: 8080, ready: "/guest.qcow2.sha256" };
/** Where the server's files are for pods; Images may be imported from there (nephele.ts). */
export const guestImagesUrl = `http://${diskServerHost(server)}/`;

/** Disks on a web server in the cluster. */
export interface GuestImages {
  /** Where a pod gets a file of the server: `guest.qcow2`, the test guest's disk, or `torn.qcow2`, the beginning of it. */
  url(file: string): string;
  /** `sha256:…` of a file, as the server's image has it. */
  checksum(file: string): Promise<string>;
  bytes(file: string): Promise<Uint8Array>;
}

/** Starts the web server with the test guest's disk, or finds it at work. */
export async function serveGuestImages(node: NodeHandle, print: (line: string) => void): Promise<GuestImages> {
  const [image] = [...(await guestImages(print)).values()];
  if (image === undefined) throw new Error("the test guest's image was not built");
  await startDiskServer(node, server, image);
  return {
    url: (file) => `${guestImagesUrl}${file}`,
    checksum: async (file) => `sha256:${(await fetched(node, `${file}.sha256`)).toString().trim()}`,
    bytes: (file) => fetched(node, file),
  };
}

async function fetched(node: NodeHandle, file: string): Promise<Buffer> {
  const way = await reachDiskServer(node, server);
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${way.port}/${file}`);
    const content = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) throw new Error(`the server of guest images answered ${statusCode} for ${file}`);
    return content;
  } finally {
    way.close();
  }
}
