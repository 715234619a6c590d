import { isDeepStrictEqual } from "node:util";
import type { World } from "./world.ts";

/** In what a world is another than it should be; keys of the worlds, and for what changed the fields. */
export interface Difference {
  /** There more often than it should be. */
  readonly doubled: readonly string[];
  /** There, and should not be at all. */
  readonly orphaned: readonly string[];
  readonly missing: readonly string[];
  /** There, but otherwise than it should be: `KEY at FIELD: FOUND, not EXPECTED`. */
  readonly changed: readonly string[];
}

/** What is wrong with `found`; undefined where it is as expected. */
export function difference(expected: World, found: World): Difference | undefined {
  const more = Object.keys(found).filter((key) => !(key in expected));
  const doubled = more.filter((key) => key.replace(/ #\d+$/, "") in expected);
  const result: Difference = {
    doubled,
    orphaned: more.filter((key) => !doubled.includes(key)),
    missing: Object.keys(expected).filter((key) => !(key in found)),
    changed: Object.entries(expected).flatMap(([key, value]) =>
      key in found ? changes(value, found[key]).map((change) => `${key}${change}`) : [],
    ),
  };
  return Object.values(result).every((list) => list.length === 0) ? undefined : result;
}

/** The difference in words, a line each. */
export function differenceText({ doubled, orphaned, missing, changed }: Difference): string {
  const lines = [
    ...doubled.map((key) => `doubled: ${key}`),
    ...orphaned.map((key) => `orphaned: ${key}`),
    ...missing.map((key) => `missing: ${key}`),
    ...changed.map((text) => `changed: ${text}`),
  ];
  return lines.join("\n");
}

function changes(expected: unknown, found: unknown, at = ""): readonly string[] {
  if (isDeepStrictEqual(expected, found)) return [];
  if (isRecord(expected) && isRecord(found)) {
    const fields = [...new Set([...Object.keys(expected), ...Object.keys(found)])];
    return fields.flatMap((field) => changes(expected[field], found[field], `${at}.${field}`));
  }
  return [` at ${at === "" ? "." : at}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
