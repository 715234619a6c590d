import { X509Certificate } from "node:crypto";

/** One that was cut off has no end. */
const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/** The certificates in a text, in PEM and without whatever else stands there; undefined where there is none, or one is damaged. */
export function certificatesIn(text: string): string | undefined {
  const blocks = text.match(BLOCK) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return undefined;
  }
  return blocks.length === 0 ? undefined : `${blocks.join("\n")}\n`;
}
