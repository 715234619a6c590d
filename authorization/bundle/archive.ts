import { gunzipSync } from "node:zlib";

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

/** Tar is written in blocks of this size (POSIX.1-1988, ustar). */
const block = 512;

/**
 * The regular files of a gzipped tar, by their path without a leading slash. It is read in memory and nothing is written, so that no
 * path can lead anywhere; one that tries to, a name that comes twice, and whatever is neither file nor folder are refused all the
 * same: `opa build` writes none of these.
 *
 * @throws InvalidBundle
 */
export function readArchive(packed: Uint8Array, limits: ArchiveLimits): ReadonlyMap<string, Uint8Array> {
  if (packed.length > limits.packedBytes) {
    throw new InvalidBundle(`it has ${packed.length} bytes: ${limits.packedBytes} are the most`);
  }
  const tar = unzipped(packed, limits.unpackedBytes);
  const files = new Map<string, Uint8Array>();
  for (let at = 0; !isEnd(tar, at); ) {
    const { name, kind, size } = headerAt(tar, at);
    const begin = at + block;
    if (begin + size > tar.length) throw new InvalidBundle(`the archive ends in the middle of ${shown(name)}`);
    at = begin + Math.ceil(size / block) * block;
    if (kind === "folder") continue;
    const path = safePath(name);
    if (files.has(path)) throw new InvalidBundle(`it has ${shown(path)} twice`);
    if (files.size === limits.files) throw new InvalidBundle(`it has more than ${limits.files} files`);
    files.set(path, tar.subarray(begin, begin + size));
  }
  return files;
}

function unzipped(packed: Uint8Array, most: number): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: most });
  } catch (error) {
    const isTooLarge = error instanceof RangeError && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw new InvalidBundle(isTooLarge ? `unpacked it has more than ${most} bytes` : "it is not a whole gzip file");
  }
}

/** Two blocks of zeros are the end. One that lacks them was cut. */
function isEnd(tar: Buffer, at: number): boolean {
  if (at + 2 * block > tar.length) throw new InvalidBundle("the archive has no end: it was cut, or is no tar");
  return tar.subarray(at, at + 2 * block).every((byte) => byte === 0);
}

interface Header {
  readonly name: string;
  readonly kind: "file" | "folder";
  readonly size: number;
}

function headerAt(tar: Buffer, at: number): Header {
  const header = tar.subarray(at, at + block);
  if (octal(header, 148, 8) !== checksum(header)) throw new InvalidBundle("it is no tar, or is damaged");
  const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
  const name = `${prefix === "" ? "" : `${prefix}/`}${text(header, 0, 100)}`;
  const kind = kinds.get(header[156] ?? -1);
  if (kind === undefined) {
    throw new InvalidBundle(`${shown(name)} is neither a file nor a folder, or has a name that ustar does not hold`);
  }
  return { name, kind, size: kind === "file" ? octal(header, 124, 12) : 0 };
}

/** Type flags: links, devices, and headers of longer names (PAX, GNU) are none of them. */
const kinds: ReadonlyMap<number, Header["kind"]> = new Map([
  [0, "file"],
  ["0".charCodeAt(0), "file"],
  ["5".charCodeAt(0), "folder"],
]);

/** The sum of a header's bytes, its own field read as spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 32 : byte), 0);
}

function octal(header: Buffer, offset: number, length: number): number {
  const digits = text(header, offset, length).trim();
  if (!/^[0-7]{1,11}$/.test(digits)) throw new InvalidBundle("it is no tar, or is damaged");
  return Number.parseInt(digits, 8);
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
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
