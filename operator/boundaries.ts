import type { KubeObject } from "#runtime/api/object.ts";
import { BOUNDARIES_ANNOTATION } from "./api/marks.ts";

/** Each once, in a fixed order. */
export function allBoundaries(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))].toSorted();
}

/** What a volume is marked with, so that copies of it keep its boundaries; nothing where it has none. */
export function boundariesMark(boundaries: readonly string[]): Readonly<Record<string, string>> {
  return boundaries.length === 0 ? {} : { [BOUNDARIES_ANNOTATION]: boundaries.join(",") };
}

/** The boundaries that a volume or its claim is marked with. */
export function markedBoundaries(volume: KubeObject | undefined): readonly string[] {
  const mark = volume?.metadata.annotations?.[BOUNDARIES_ANNOTATION] ?? "";
  return mark.split(",").filter((boundary) => boundary !== "");
}
