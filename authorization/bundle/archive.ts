import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";

/** How much a bundle may be. */
export interface ArchiveLimits {
  /** As it comes, bytes. */
  readonly packedBytes: number;
  /** Unpacked, bytes: headers and padding count. */
  readonly unpackedBytes: number;
  readonly files: number;
}

/** What is wrong with a bundle, for the person who made it. No content of it stands there. */
export class InvalidBundle extends Error {
  override readonly name = "InvalidBundle";
}

/** Two blocks of zeros are a tar's end (POSIX.1-1988, ustar), bytes. */
const endBytes = 2 * 512;

/**
 * The regular files of a gzipped tar, by their path without a leading slash. It is read in memory and nothing is written, so that no
 * path can lead anywhere; one that tries to, a name that comes twice, and whatever is neither file nor folder are refused all the
 * same: `opa build` writes none of these.
 *
 * @throws InvalidBundle
 */
export async function readArchive(packed: Uint8Array, limits: ArchiveLimits): Promise<ReadonlyMap<string, Uint8Array>> {
  if (packed.length > limits.packedBytes) {
    throw new InvalidBundle(`it has ${packed.length} bytes: ${limits.packedBytes} are the most`);
  }
  const tar = unzipped(packed, limits.unpackedBytes);
  const files = new Map<string, Uint8Array>();
  try {
    for await (const { name, type, content } of entriesOf(tar)) {
      if (type === "directory") continue;
      if (type !== "file") throw new InvalidBundle(`${shown(name)} is neither a file nor a folder`);
      const path = safePath(name);
      if (files.has(path)) throw new InvalidBundle(`it has ${shown(path)} twice`);
      if (files.size === limits.files) throw new InvalidBundle(`it has more than ${limits.files} files`);
      files.set(path, content);
    }
  } catch (error) {
    // The library's own words are of its streams.
    throw error instanceof InvalidBundle ? error : new InvalidBundle("it is no tar, or is damaged");
  }
  // tar-stream takes one that was cut between two files for a whole one.
  const end = tar.subarray(-endBytes);
  if (end.length < endBytes || end.some((byte) => byte !== 0))
    throw new InvalidBundle("the archive has no end: it was cut");
  return files;
}

interface TarEntry {
  readonly name: string;
  readonly type: Header["type"];
  readonly content: Uint8Array;
}

async function* entriesOf(tar: Uint8Array): AsyncGenerator<TarEntry> {
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive) {
    const { name, type } = entry.header;
    yield { name, type, content: Buffer.concat((await Array.fromAsync(entry)) as readonly Uint8Array[]) };
  }
}

function unzipped(packed: Uint8Array, most: number): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: most });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw new InvalidBundle(isTooLarge ? `unpacked it has more than ${most} bytes` : "it is not a whole gzip file");
  }
}

function safePath(name: string): string {
  const path = name.replace(/^\.?\//, "");
  const isSafe = path.split("/").every((part) => /^[\w.@+ -]+$/.test(part) && part !== "." && part !== "..");
  if (!isSafe) throw new InvalidBundle(`${shown(name)} is no path of a file below the bundle`);
  return path;
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 100));
}
