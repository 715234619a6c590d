import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

/**
 * Bundles for tests that have no `opa build`: a WebAssembly module by the ABI of OPA's policies (1.3), written by hand, which always
 * gives the same result set, or misbehaves as no compiled Rego does. Those of real Rego are in the tests with a real Envoy.
 */

/** What the tiny policy does for an input, a JSON text that begins so; all others get the result set. */
export const misbehaviour = { loops: "1", traps: "2", takesAllMemory: "3" } as const;

export const tinyEntrypoint = "tiny/decision";

export interface TinyPolicy {
  /** What the policy gives for each input. */
  readonly resultSet?: unknown;
  /** Built-in functions that it says to need. */
  readonly builtIns?: readonly string[];
}

export interface TinyBundle extends TinyPolicy {
  readonly revision?: string;
  readonly manifest?: unknown;
  readonly data?: string;
}

export function tinyBundle(bundle: TinyBundle = {}): Promise<Uint8Array> {
  const { revision = "", data = "{}" } = bundle;
  const manifest = bundle.manifest ?? { revision, wasm: [{ entrypoint: tinyEntrypoint, module: "/policy.wasm" }] };
  return archiveOf([
    [{ name: "/data.json" }, data],
    [{ name: "/policy.wasm" }, tinyPolicy(bundle)],
    [{ name: "/.manifest" }, JSON.stringify(manifest)],
  ]);
}

export type Entry = readonly [header: Partial<Header> & Pick<Header, "name">, content?: string | Uint8Array];

/** A gzipped tar. */
export async function archiveOf(entries: readonly Entry[]): Promise<Uint8Array> {
  const tar = pack();
  for (const [header, content] of entries) {
    if (content === undefined) tar.entry(header);
    else tar.entry(header, Buffer.from(content));
  }
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of tar) parts.push(part as Uint8Array);
  return gzipSync(Buffer.concat(parts));
}

const [i32, functionType] = [0x7f, 0x60];
const at = { builtIns: 1_024, entrypoints: 1_536, abort: 1_792, result: 2_048, heap: 4_096 } as const;

export function tinyPolicy({ resultSet = [{ result: true }], builtIns = [] }: TinyPolicy = {}): Uint8Array {
  const types = [signature(1, 1), signature(0, 1), signature(7, 1), signature(2, 1), signature(1, 0)];
  const imports = [
    [...name("env"), ...name("memory"), 0x02, 0x00, 2],
    [...name("env"), ...name("opa_abort"), 0x00, 4],
  ];
  // Function 0 is the imported opa_abort. Each: its name, its type, its body.
  const functions: readonly (readonly [string, number, readonly number[]])[] = [
    ["opa_malloc", 0, constant(at.heap)],
    ["opa_json_parse", 3, constant(1)],
    ["opa_json_dump", 0, [0x20, 0]],
    ["builtins", 1, constant(at.builtIns)],
    ["entrypoints", 1, constant(at.entrypoints)],
    ["opa_heap_ptr_get", 1, constant(65_536)],
    ["opa_heap_ptr_set", 4, []],
    ["opa_eval", 2, evaluation],
  ];
  const globals = [1, 3].map((value) => [i32, 0x00, ...constant(value), 0x0b]);
  const exports = [
    ...functions.map(([each], index) => [...name(each), 0x00, index + 1]),
    [...name("opa_wasm_abi_version"), 0x03, 0],
    [...name("opa_wasm_abi_minor_version"), 0x03, 1],
  ];
  const texts: readonly (readonly [number, string])[] = [
    [at.builtIns, JSON.stringify(Object.fromEntries(builtIns.map((each, index) => [each, index])))],
    [at.entrypoints, JSON.stringify({ [tinyEntrypoint]: 0 })],
    [at.abort, "no memory is left"],
    [at.result, JSON.stringify(resultSet)],
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, imports),
    ...section(
      3,
      functions.map(([, type]) => [type]),
    ),
    ...section(6, globals),
    ...section(7, exports),
    ...section(
      10,
      functions.map(([, , body]) => sized([0, ...body, 0x0b])),
    ),
    ...section(
      11,
      texts.map(([offset, text]) => [0x00, ...constant(offset), 0x0b, ...sized([...Buffer.from(text), 0])]),
    ),
  ]);
}

/** opa_eval: looks at the first byte of the input, whose address is its fourth argument. */
const evaluation: readonly number[] = [
  ...when(misbehaviour.loops, [0x03, 0x40, 0x0c, 0, 0x0b]),
  ...when(misbehaviour.traps, [0x00]),
  // Grows by 16 pages until that gives -1, then aborts.
  ...when(misbehaviour.takesAllMemory, [
    ...[0x03, 0x40, ...constant(16), 0x40, 0, 0x41, 0x7f, 0x47, 0x0d, 0, 0x0b],
    ...[...constant(at.abort), 0x10, 0],
  ]),
  ...constant(at.result),
];

function when(first: string, then: readonly number[]): readonly number[] {
  return [0x20, 3, 0x2d, 0, 0, ...constant(first.charCodeAt(0)), 0x46, 0x04, 0x40, ...then, 0x0b];
}

function signature(parameters: number, results: number): readonly number[] {
  const values = (count: number) => [count, ...Array.from({ length: count }, () => i32)];
  return [functionType, ...values(parameters), ...values(results)];
}

function section(id: number, entries: readonly (readonly number[])[]): readonly number[] {
  return [id, ...sized([...unsigned(entries.length), ...entries.flat()])];
}

function sized(content: readonly number[]): readonly number[] {
  return [...unsigned(content.length), ...content];
}

function name(text: string): readonly number[] {
  return sized([...Buffer.from(text)]);
}

/** i32.const of a number that is not negative, in signed LEB128. */
function constant(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 64) return [0x41, ...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** LEB128. */
function unsigned(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >> 7)];
}
