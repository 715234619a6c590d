import { describe, expect, test } from "vitest";
import type { KubeObject } from "#runtime/api/object.ts";
import { allBoundaries, boundariesMark, markedBoundaries } from "./boundaries.ts";

describe("boundaries", () => {
  test("of several are each once, in one order", () => {
    expect(allBoundaries(["b", "a"], undefined, ["c", "a"])).toEqual(["a", "b", "c"]);
  });

  test("come back from a volume's mark; one without has none", () => {
    const volume = (annotations: Readonly<Record<string, string>>) => ({ metadata: { annotations } }) as KubeObject;
    expect(markedBoundaries(volume(boundariesMark(["a", "b"])))).toEqual(["a", "b"]);
    expect(markedBoundaries(volume(boundariesMark([])))).toEqual([]);
    expect(markedBoundaries(undefined)).toEqual([]);
  });
});
