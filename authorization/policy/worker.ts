import { parentPort, workerData } from "node:worker_threads";
import { type LoadedPolicy, loadPolicy } from "@open-policy-agent/opa-wasm";
import type { Evaluated, WorkerSays, WorkerStart } from "./messages.ts";

/**
 * Evaluates a policy in a thread of its own, an input at a time: an evaluation cannot be interrupted, but a thread can be ended. Started
 * by pool.ts, which gives JSON texts and gets a WorkerSays for each.
 */

/** Built-in functions that opa-wasm adds to those that are in every policy's program. A bundle that needs others is refused. */
const builtIns = new Set([
  "json.is_valid",
  "regex.split",
  "sprintf",
  "yaml.is_valid",
  "yaml.marshal",
  "yaml.unmarshal",
]);

/** Why the policy cannot be asked. */
class Unfit extends Error {
  override readonly name = "Unfit";
}

const port = parentPort;
if (port === null) throw new Error("worker.ts is started by pool.ts");
const start = workerData as WorkerStart;
const say = (what: WorkerSays): void => port.postMessage(what);

let policy: LoadedPolicy;
try {
  policy = await load();
  port.on("message", (input: string) => void evaluate(input).then(say));
  say({ kind: "ready" });
} catch (error) {
  // Memory that is not to be had now may be later: pool.ts takes it for a thread that broke.
  if (error instanceof RangeError) throw error;
  say({ kind: "unfit", why: told(error) });
}

async function load(): Promise<LoadedPolicy> {
  const loaded = await loadPolicy(start.module, { ...start.pages });
  const missing = builtInsOf(loaded).filter((name) => !builtIns.has(name));
  if (missing.length > 0) throw new Unfit(`it needs built-in functions that are not here: ${missing.join(", ")}`);
  if (!Object.hasOwn(loaded.entrypoints as object, start.entrypoint)) {
    throw new Unfit(`it has no entrypoint ${start.entrypoint}`);
  }
  loaded.setData(bufferOf(start.data));
  return loaded;
}

/** It has answered before it gets another input. */
async function evaluate(input: string): Promise<Evaluated> {
  try {
    const resultSet: unknown = policy.evaluate(bufferOf(new TextEncoder().encode(input)), start.entrypoint);
    return { kind: "result", resultSet };
  } catch (error) {
    // What was interrupted may have left its memory in any state.
    policy = await load();
    return { kind: "failed", why: told(error) };
  }
}

/**
 * What went wrong, without anything of the input. What the policy's program says itself is text of its own; an error of a built-in
 * function shows what it was given, a token perhaps.
 */
function told(error: unknown): string {
  if (typeof error === "string") return error;
  const { RuntimeError, LinkError } = WebAssembly;
  if (error instanceof Unfit || error instanceof RuntimeError || error instanceof LinkError) return error.message;
  return `${error instanceof Error ? error.name : "an error"} in a built-in function`;
}

/** The names of the built-in functions that the program calls outside of itself, by its ABI. */
function builtInsOf(loaded: LoadedPolicy): readonly string[] {
  const instance = loaded.wasmInstance as WebAssembly.Instance;
  const { builtins, opa_json_dump: dump } = instance.exports as Readonly<Record<string, (address?: number) => number>>;
  if (builtins === undefined || dump === undefined) throw new Unfit("it is no policy of OPA's");
  const from = dump(builtins());
  const memory = new Uint8Array(loaded.mem.buffer);
  const text = new TextDecoder().decode(memory.subarray(from, memory.indexOf(0, from)));
  return Object.keys(JSON.parse(text) as Readonly<Record<string, number>>);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  const isWhole = byteOffset === 0 && byteLength === buffer.byteLength;
  return isWhole && buffer instanceof ArrayBuffer ? buffer : (bytes.slice().buffer as ArrayBuffer);
}
