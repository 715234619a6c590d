import { createHash } from "node:crypto";
import { type ArchiveLimits, InvalidBundle, readArchive } from "./archive.ts";

/** A policy as `opa build -t wasm -e <entrypoint>` makes it. */
export interface Bundle {
  /** What the manifest says, else `sha256:` and the beginning of the archive's digest: never empty. */
  readonly revision: string;
  /** The one rule that decides, as `nephele/authz/decision`. */
  readonly entrypoint: string;
  readonly wasm: Uint8Array;
  /** The text of data.json, a JSON object. */
  readonly data: Uint8Array;
}

/** A ConfigMap or a core Secret holds 1 MiB; what it unpacks to is mostly the policy's program, half a megabyte. */
export const archiveLimits: ArchiveLimits = { packedBytes: 2 << 20, unpackedBytes: 16 << 20, files: 256 };

const longestRevision = 128;

/**
 * Reads a bundle. Its manifest has to name one entrypoint: which of several decides is not to be guessed. Rego sources that lie beside
 * the program are not read; nor is a signature, since who may write the object that holds the bundle may change either.
 *
 * @throws InvalidBundle
 */
export async function readBundle(packed: Uint8Array, limits: ArchiveLimits = archiveLimits): Promise<Bundle> {
  const files = await readArchive(packed, limits);
  const { revision, entrypoint, module } = readManifest(files.get(".manifest"));
  const wasm = files.get(module);
  if (wasm === undefined) throw new InvalidBundle(`its manifest names ${module}, which is not there`);
  // Compiled bundles have one data.json. Data that lies deeper would be missing in every decision.
  const stray = [...files.keys()].find((path) => /(^|\/)data\.(json|ya?ml)$/.test(path) && path !== "data.json");
  if (stray !== undefined) throw new InvalidBundle(`${stray} is not read: build the bundle by opa build`);
  const data = files.get("data.json") ?? Buffer.from("{}");
  if (!isObject(parsed("data.json", data))) throw new InvalidBundle("its data.json is not an object");
  return { revision: revision === "" ? digestOf(packed) : revision, entrypoint, wasm, data };
}

interface Manifest {
  readonly revision: string;
  readonly entrypoint: string;
  /** The path of the program, without a leading slash. */
  readonly module: string;
}

function readManifest(content: Uint8Array | undefined): Manifest {
  if (content === undefined) throw new InvalidBundle("it has no .manifest: build it by opa build -t wasm");
  const manifest = parsed(".manifest", content);
  const { revision = "", wasm = [] } = isObject(manifest) ? manifest : {};
  if (typeof revision !== "string" || !/^[\x20-\x7e]*$/.test(revision) || revision.length > longestRevision) {
    throw new InvalidBundle(`its revision is not a text of at most ${longestRevision} printable characters`);
  }
  const [only, ...others] = Array.isArray(wasm) ? (wasm as readonly unknown[]) : [];
  if (!isObject(only) || typeof only["entrypoint"] !== "string" || typeof only["module"] !== "string") {
    throw new InvalidBundle("its manifest names no entrypoint: build it by opa build -t wasm -e <entrypoint>");
  }
  if (others.length > 0) {
    throw new InvalidBundle("its manifest names several entrypoints: build it with the one that decides");
  }
  return { revision, entrypoint: only["entrypoint"], module: only["module"].replace(/^\//, "") };
}

function parsed(name: string, content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    // The parser's own words show a part of the content.
    throw new InvalidBundle(`its ${name} is no JSON`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function digestOf(packed: Uint8Array): string {
  return `sha256:${createHash("sha256").update(packed).digest("hex").slice(0, 12)}`;
}
