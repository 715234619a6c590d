import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startGoControlPlane } from "../../xds-control-plane/conformance/go-control-plane.ts";
import { resource } from "../../xds-control-plane/index.ts";
import type { Given } from "./world.ts";

export const sides = ["nephele", "SnapshotCache", "LinearCache + Mux"] as const;
export type Side = (typeof sides)[number];

/** A control plane under measurement, as a process of its own. */
export interface Contender {
  readonly pid: number;
  readonly port: number;
  /** Puts these over what is served. */
  change(put: readonly Given[]): Promise<void>;
  close(): Promise<void>;
}

/** How our side is run. */
export interface Ours {
  /** The built library's entry. */
  readonly library: string;
  readonly nodeFlags: readonly string[];
}

export function start(side: Side, ours: Ours): Promise<Contender> {
  return side === "nephele" ? startOurs(ours) : startPeer(side === "SnapshotCache" ? "snapshot" : "linear");
}

async function startPeer(cache: "snapshot" | "linear"): Promise<Contender> {
  const peer = await startGoControlPlane(cache);
  const change = (put: readonly Given[]): Promise<void> => peer.change(put.map((each) => resource(...each)));
  return { pid: peer.pid, port: peer.port, change, close: () => peer.close() };
}

async function startOurs({ library, nodeFlags }: Ours): Promise<Contender> {
  const program = join(import.meta.dirname, "server.mjs");
  const child = spawn(process.execPath, [...nodeFlags, program, library], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const heard = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the control plane under measurement ended");
    return value;
  };
  const port = Number(await heard());
  return {
    pid: child.pid ?? 0,
    port,
    change: async (put) => {
      child.stdin.write(`${JSON.stringify(put)}\n`);
      await heard();
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
