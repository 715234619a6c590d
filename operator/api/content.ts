import { createHash } from "node:crypto";

/** Annotation that changes when anything of what we want changes, so that a field that we want no more is seen. */
export const CONTENT = "nephele.dev/content";

/** Eight hexadecimal digits. Not of a payload: its hash stands nowhere. */
export function contentHash(content: unknown): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 8);
}
