import { gunzipSync, gzipSync } from "node:zlib";
import { formProblem } from "./user-data-form.ts";

/** What unpacked user data may hold at most, in bytes: a small file must not become a large one in our memory. */
const UNPACKED_LIMIT = 16 * 2 ** 20;
/** From this size on the whole is packed; a core Secret holds 1 MiB. */
const PACK_FROM = 256 * 2 ** 10;
/** What a core Secret can carry beside its own metadata. */
const SECRET_LIMIT = 1_000_000;

/**
 * How our cloud-config is merged into what the user's parts came to (cloud-init, "Merging user data sections"): lists
 * are appended, everything else of the user's stays as it is. Without it the second list of two replaces the first.
 */
const MERGE_TYPE = "list(append)+dict(no_replace,recurse_list)+str()";

export interface UserDataParts {
  /** The user's own data, of any form that cloud-init knows. */
  readonly user?: Uint8Array;
  /** Runs at each boot, before the user's parts. */
  readonly script?: string;
  readonly sshKeys: readonly string[];
}

export type UserData =
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "refused"; readonly problem: string };

/**
 * One MIME multi-part message: our script, the user's data untouched, our cloud-config. What form the user's data has
 * cloud-init finds out itself, as it would alone; only two forms it does not look for inside a part, so we do: packed
 * data is unpacked, and a message with parts becomes a part with parts.
 */
export function mergeUserData({ user, script, sshKeys }: UserDataParts): UserData {
  const unpacked = user === undefined || user.length === 0 ? Buffer.alloc(0) : unpack(user);
  if (unpacked === undefined)
    return {
      kind: "refused",
      problem: `it begins as gzip and cannot be unpacked to ${UNPACKED_LIMIT / 2 ** 20} MiB or less`,
    };
  const isWhole = unpacked.length > 0 && isMessage(unpacked);
  const problem = unpacked.length === 0 || isWhole ? undefined : formProblem(unpacked);
  if (problem !== undefined) return { kind: "refused", problem };
  const parts: Buffer[] = [];
  if (script !== undefined) parts.push(part("text/cloud-boothook", script));
  if (unpacked.length > 0) parts.push(isWhole ? unpacked : opaquePart(unpacked));
  if (sshKeys.length > 0) {
    // JSON is YAML, and needs no quoting rules of our own.
    const config = `#cloud-config\nssh_authorized_keys: ${JSON.stringify(sshKeys)}\n`;
    parts.push(part("text/cloud-config", config, `Merge-Type: ${MERGE_TYPE}\n`));
  }
  // KubeVirt wants user data to be something; an empty cloud-config asks for nothing.
  const whole = parts.length === 0 ? Buffer.from("#cloud-config\n{}\n") : message(parts);
  const bytes = whole.length > PACK_FROM ? gzipSync(whole, { level: 9 }) : whole;
  if (bytes.length > SECRET_LIMIT)
    return {
      kind: "refused",
      problem: `it comes to ${bytes.length} bytes; at most ${SECRET_LIMIT} can be given to a guest`,
    };
  return { kind: "data", bytes };
}

function unpack(user: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(user);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_LIMIT });
  } catch {
    return undefined;
  }
}

/** By the same sign as cloud-init (`user_data.convert_string`): it looks no further than 4096 bytes. */
function isMessage(bytes: Buffer): boolean {
  return bytes.subarray(0, 4096).toString("latin1").toLowerCase().includes("mime-version:");
}

/** `text/x-not-multipart` makes cloud-init look at how the data begins, as with data that is no message. */
function opaquePart(bytes: Buffer): Buffer {
  const lines = bytes.toString("base64").match(/.{1,76}/g) ?? [];
  return Buffer.from(
    `Content-Type: text/x-not-multipart; charset="utf-8"\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n${lines.join("\n")}\n`,
  );
}

function part(type: string, text: string, headers = ""): Buffer {
  return Buffer.from(`Content-Type: ${type}; charset="utf-8"\nMIME-Version: 1.0\n${headers}\n${text}`);
}

function message(parts: readonly Buffer[]): Buffer {
  const boundary = boundaryFor(parts);
  const head = `Content-Type: multipart/mixed; boundary="${boundary}"\nMIME-Version: 1.0\n\n`;
  const pieces = parts.flatMap((each) => [Buffer.from(`--${boundary}\n`), each, Buffer.from("\n")]);
  return Buffer.concat([Buffer.from(head), ...pieces, Buffer.from(`--${boundary}--\n`)]);
}

/** The first of a fixed row that stands in no part: the same input gives the same bytes, and nothing is written anew. */
function boundaryFor(parts: readonly Buffer[]): string {
  for (let number = 0; ; number += 1) {
    const boundary = `===nephele-${number}===`;
    if (!parts.some((each) => each.includes(boundary))) return boundary;
  }
}
