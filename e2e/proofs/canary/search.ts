import { inflateRawSync } from "node:zlib";
import { type Form, formsOf } from "./forms.ts";

/** A value that must be nowhere but where it belongs. Its name is reported, never the value. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

/** A canary that was found. */
export interface Hit {
  readonly canary: string;
  /** How it was written: `hex`, `gzip at 512: base64 at offset 1`. */
  readonly form: string;
}

/** Looks for canaries in bytes. */
export type Searcher = (bytes: Buffer) => readonly Hit[];

/** Streams and texts within others are followed this deep. */
const DEPTH = 3;
/** An inflated stream is looked at up to this size: nothing of ours is larger, and a bomb ends here. */
const INFLATED_LIMIT = 64 * 1024 * 1024;
/** RFC 1952: the magic number and the one method there is. */
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);
/** The same three bytes in base64, where they stand at its beginning. */
const GZIP_BASE64 = Buffer.from("H4sI");

export function searcherFor(canaries: readonly Canary[]): Searcher {
  const wanted = canaries.map(({ name, value }) => ({ name, forms: formsOf(value) }));
  const search = (bytes: Buffer, depth: number): readonly Hit[] => [
    ...wanted.flatMap(({ name, forms }) => plainHits(name, forms, bytes)),
    ...(depth === 0 ? [] : innerOf(bytes)).flatMap(({ where, bytes: inner }) =>
      search(inner, depth - 1).map((hit) => ({ ...hit, form: `${where}: ${hit.form}` })),
    ),
  ];
  return (bytes) => search(bytes, DEPTH);
}

function plainHits(canary: string, forms: readonly Form[], bytes: Buffer): readonly Hit[] {
  return forms.filter((form) => bytes.includes(form.bytes)).map((form) => ({ canary, form: form.name }));
}

/** What stands within other bytes in a form of its own. */
interface Inner {
  readonly where: string;
  readonly bytes: Buffer;
}

function innerOf(bytes: Buffer): readonly Inner[] {
  const plain = offsetsOf(bytes, GZIP).map((at) => ({ where: `gzip at ${at}`, stream: bytes.subarray(at) }));
  const encoded = offsetsOf(bytes, GZIP_BASE64).map((at) => ({
    where: `gzip in base64 at ${at}`,
    stream: Buffer.from(base64From(bytes, at), "base64"),
  }));
  const inflated = [...plain, ...encoded].flatMap(({ where, stream }) => {
    const bytes = inflate(stream);
    return bytes === undefined ? [] : [{ where, bytes }];
  });
  return [...inflated, ...base64In(bytes)];
}

/**
 * A text of base64, broken into lines (MIME, PEM) or not: a value that a line's end divides stands in no form of its own.
 * The first line is longer than any word.
 */
const BASE64_TEXT = /[A-Za-z0-9+/]{48,}(?:\r?\n[A-Za-z0-9+/]+)*/g;

function base64In(bytes: Buffer): readonly Inner[] {
  return [...bytes.toString("latin1").matchAll(BASE64_TEXT)].map(({ index, 0: text }) => ({
    where: `base64 at ${index}`,
    bytes: Buffer.from(text, "base64"),
  }));
}

function offsetsOf(bytes: Buffer, pattern: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) found.push(at);
  return found;
}

function base64From(bytes: Buffer, at: number): string {
  let end = at;
  while (end < bytes.length && /[A-Za-z0-9+/]/.test(String.fromCharCode(bytes[end] ?? 0))) end += 1;
  return bytes.toString("latin1", at, end);
}

/** What a gzip stream holds, as far as it goes: it may be cut, or followed by other things. Undefined if it is none. */
function inflate(stream: Buffer): Buffer | undefined {
  const from = headerLength(stream);
  if (from === undefined) return undefined;
  try {
    // Without checksum and length at the end (raw), so that a damaged tail hides nothing. 2 is Z_SYNC_FLUSH.
    return inflateRawSync(stream.subarray(from), { finishFlush: 2, maxOutputLength: INFLATED_LIMIT });
  } catch {
    return undefined;
  }
}

/** RFC 1952, section 2.3. */
function headerLength(stream: Buffer): number | undefined {
  const flags = stream[3];
  if (flags === undefined || (flags & 0xe0) !== 0) return undefined;
  let at = 10;
  if ((flags & 0x04) !== 0) at += 2 + (stream[at] ?? 0) + 256 * (stream[at + 1] ?? 0);
  for (const flag of [0x08, 0x10]) {
    if ((flags & flag) === 0) continue;
    const end = stream.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if ((flags & 0x02) !== 0) at += 2;
  return at < stream.length ? at : undefined;
}
