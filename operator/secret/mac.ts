import { createHmac, timingSafeEqual } from "node:crypto";
import type { Owner } from "./mark.ts";

/**
 * Keyed MACs by which a change of content is seen without keeping the content. A plain hash would let anybody who
 * reads it try out passwords; these are of no use without the key (docs/secret.md, "The MAC key").
 */
export interface MacKey {
  readonly bytes: Buffer;
}

export const MAC_KEY_BYTES = 32;

/** `<id of the key>.<MAC>`. The id tells a MAC of another key, which says nothing about the content. */
export function macOf(key: MacKey, owner: Owner, use: string, content: Uint8Array): string {
  const mac = createHmac("sha256", key.bytes);
  // The owner and the use are within, so that equal contents of two objects do not show as equal.
  mac.update(`nephele/secret/v1\0${owner.installation}\0${owner.object}\0${use}\0`);
  return `${keyId(key)}.${mac.update(content).digest("base64url")}`;
}

/** Whether content has this MAC; undefined where the MAC is absent, of another key, or not one. */
export function hasMac(
  key: MacKey,
  owner: Owner,
  use: string,
  content: Uint8Array,
  mac: string | undefined,
): boolean | undefined {
  if (mac === undefined || !mac.startsWith(`${keyId(key)}.`)) return undefined;
  const [said, is] = [Buffer.from(mac), Buffer.from(macOf(key, owner, use, content))];
  return said.length === is.length && timingSafeEqual(said, is);
}

function keyId(key: MacKey): string {
  return createHmac("sha256", key.bytes).update("nephele/secret/key-id").digest("base64url").slice(0, 8);
}
