import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { tools } from "#e2e/tools/build.ts";
import { traits } from "../proto/kinds.ts";
import { readFields } from "../proto/wire.ts";
import type { Resource } from "../snapshot/resource.ts";
import type { Subject } from "./subject.ts";

/** Its two ways to keep what it serves: whole snapshots, or a linear cache for each type behind a mux. */
export type Cache = "snapshot" | "linear";

/** A line of what `e2e/tools/go-control-plane` says. */
interface Answer {
  readonly port?: number;
  readonly error?: string;
}

let built: Promise<string> | undefined;

function program(): Promise<string> {
  built ??= tools("go-control-plane", (line) => process.stderr.write(`${line}\n`)).then(({ bin }) =>
    join(bin, "server"),
  );
  return built;
}

export interface GoControlPlane extends Subject {
  readonly pid: number;
  /** Puts these over what is served. */
  change(resources: readonly Resource[]): Promise<void>;
}

/** Envoy's go-control-plane, as a process on a free port. */
export async function startGoControlPlane(cache: Cache): Promise<GoControlPlane> {
  const child = spawn(await program(), [`-cache=${cache}`], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const heard = async (): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("go-control-plane ended");
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(`go-control-plane: ${answer.error}`);
    return answer;
  };
  const { port = 0 } = await heard();
  const say = async (command: object): Promise<void> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    await heard();
  };
  return {
    port,
    pid: child.pid ?? 0,
    serve: (resources) => say({ set: encoded(resources) }),
    change: (resources) => say({ change: encoded(resources) }),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** Messages in base64 by type URL and name. */
function encoded(resources: readonly Resource[]): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const byType: Record<string, Record<string, string>> = {};
  for (const each of resources) {
    const { typeUrl } = traits[each.kind];
    byType[typeUrl] ??= {};
    byType[typeUrl][each.name] = messageOf(each).toString("base64");
  }
  return byType;
}

/** The message itself, out of the Any in the envelope in the response's field that a resource is kept as. */
function messageOf({ delta }: Resource): Buffer {
  return Buffer.from([2, 2, 2].reduce<Uint8Array>(fieldOf, delta));
}

function fieldOf(bytes: Uint8Array, wanted: number): Uint8Array {
  let found: Uint8Array | undefined;
  readFields(bytes, (number, reader) => {
    if (number !== wanted) return false;
    found = reader.bytes();
    return true;
  });
  if (found === undefined) throw new Error(`no field ${wanted}`);
  return found;
}
