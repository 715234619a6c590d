import { randomInt } from "node:crypto";
import type { SecretSpec } from "#operator/api/generated/secret.ts";

/** Barbican's `max_allowed_secret_in_bytes`, as it comes; more is answered with 413. */
export const PAYLOAD_LIMIT_BYTES = 20_000;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A random passphrase of letters and digits, each with equal chance: 5.95 bits a character. */
export function randomPassphrase(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => ALPHABET.charCodeAt(randomInt(ALPHABET.length))));
}

/** What Barbican takes where a payload is added to a secret that is there. */
export type PayloadType = "text/plain" | "application/octet-stream";

/** The content type of a payload. */
export function contentTypeOf(type: SecretSpec["type"]): PayloadType {
  return type === "passphrase" ? "text/plain" : "application/octet-stream";
}

/** What is wrong with content that was brought, in words that follow the field's path; undefined where nothing is. */
export function problemOf(type: SecretSpec["type"], content: Uint8Array): string | undefined {
  if (content.length === 0) return "is empty; Barbican keeps no empty secret";
  if (content.length > PAYLOAD_LIMIT_BYTES)
    return `holds ${content.length} bytes; Barbican keeps at most ${PAYLOAD_LIMIT_BYTES}`;
  if (type === "passphrase" && !isText(content))
    return "is not UTF-8 text, which a passphrase must be; for other bytes use type opaque";
  return undefined;
}

function isText(content: Uint8Array): boolean {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content) !== "";
  } catch {
    return false;
  }
}
