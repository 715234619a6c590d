import { createHmac } from "node:crypto";
import type { Values } from "./key-table.ts";

/**
 * Tells whether a PIN is another, and nothing else of it: a plain hash of some digits could be tried out by whoever reads the Job. Its key
 * is the oldest of the key-encryption keys, which outlasts their rotation. Pure.
 * @param keks the Cloud's key-encryption keys
 */
export function pinDigest(keks: Values, store: string, pin: string): string {
  const oldest = Object.keys(keks)
    .filter((name) => name !== "0")
    .sort((a, b) => Number(a) - Number(b))[0];
  const key = keks[oldest ?? ""];
  if (key === undefined) throw new Error("the key-encryption keys are held before the PINs are looked at");
  return createHmac("sha256", key).update(`nephele/pin/v1\0${store}\0${pin}`).digest("hex").slice(0, 16);
}
