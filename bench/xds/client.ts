import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tools } from "#e2e/tools/build.ts";
import { type Kind, traits } from "../../xds-control-plane/proto/kinds.ts";

/** What the streams together saw of something that they were told to expect. */
export interface Seen {
  /** When the last of them had acknowledged, milliseconds since 1970. */
  readonly at: number;
  /** What all of them were sent meanwhile. */
  readonly bytes: number;
}

/** The load: many xDS clients in one process of its own (e2e/tools/go-control-plane/client). */
export interface Load {
  /** Opens the streams; resolves when each has acknowledged the endpoints of every service. */
  open(port: number, streams: number, services: number): Promise<Seen>;
  /** Does something that sends each stream so many resources of a kind; resolves when all have acknowledged. */
  expect(kind: Kind, resources: number, cause: () => Promise<void>): Promise<Seen>;
  /** Resolves when nothing has come for so many milliseconds; gives the bytes since the last expectation began. */
  settle(milliseconds: number): Promise<Seen>;
  close(): Promise<void>;
}

export async function startLoad(): Promise<Load> {
  const { bin } = await tools("go-control-plane", (line) => process.stderr.write(`${line}\n`));
  const child = spawn(join(bin, "client"), [], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const heard = async (): Promise<Seen> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the client of the measurement ended");
    const { unixMicros, bytes } = JSON.parse(value) as { unixMicros: number; bytes: number };
    return { at: unixMicros / 1000, bytes };
  };
  const say = (command: object): Promise<Seen> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return heard();
  };
  return {
    open: (port, streams, services) => say({ open: { port, streams, services } }),
    expect: async (kind, resources, cause) => {
      await say({ expect: { typeUrl: traits[kind].typeUrl, resources } });
      await cause();
      return heard();
    },
    settle: (milliseconds) => say({ settle: milliseconds }),
    close: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
