import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { NodePlace } from "./location.ts";
import type { Sandbox } from "./sandbox.ts";

interface Linked {
  readonly sandbox: Sandbox;
  readonly place: NodePlace;
}

const end = ({ name }: NodePlace): string => `to-${name}`;

/**
 * Lays a cable between two nodes: their bridges `node` become one network, and each knows the way to the other's pods. All
 * of it is within their namespaces.
 */
export async function link(a: Linked, b: Linked): Promise<void> {
  const peer = ["peer", "name", end(a.place), "netns", String(b.sandbox.pid)];
  await ip(a, "link", "add", "name", end(b.place), "type", "veth", ...peer);
  for (const [here, there] of [
    [a, b],
    [b, a],
  ] as const) {
    await ip(here, "link", "set", end(there.place), "master", "node", "up");
    await ip(here, "route", "replace", there.place.pods, "via", there.place.address);
  }
}

/** Takes the cable out of the node that stays. The kernel takes its time over the namespaces of one that has ended. */
export async function unlink(node: Linked, gone: NodePlace): Promise<void> {
  // Neither is there where the other node never was.
  for (const args of [
    ["link", "delete", end(gone)],
    ["route", "delete", gone.pods],
  ])
    await ip(node, ...args).catch(() => undefined);
}

async function ip({ sandbox }: Linked, ...args: readonly string[]): Promise<void> {
  await promisify(execFile)("nsenter", [`--net=/proc/${sandbox.pid}/ns/net`, "ip", ...args]);
}
