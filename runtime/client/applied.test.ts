import { describe, expect, test } from "vitest";
import { alreadyApplied } from "./applied.ts";

describe("already applied", () => {
  const cases: readonly (readonly [string, unknown, unknown, boolean])[] = [
    ["equal values are applied", { a: 1, b: "x" }, { a: 1 }, true],
    ["a different value is not", { a: 1 }, { a: 2 }, false],
    ["a missing field is not", { a: 1 }, { a: 1, b: 2 }, false],
    ["what others set does not matter", { spec: { a: 1, defaulted: true } }, { spec: { a: 1 } }, true],
    [
      "list items are matched by name, defaults in them do not matter",
      { l: [{ name: "b" }, { name: "a", p: 1 }] },
      { l: [{ name: "a" }] },
      true,
    ],
    ["a list item that differs is not", { l: [{ name: "a", p: 1 }] }, { l: [{ name: "a", p: 2 }] }, false],
    ["a list without keys is compared in order", { l: ["a", "b"] }, { l: ["b", "a"] }, false],
    ["a longer list without keys is not", { l: ["a", "b"] }, { l: ["a"] }, false],
    ["an empty map wants nothing", {}, { labels: {} }, true],
    ["an undefined field wants nothing", { a: 1 }, { a: 1, b: undefined }, true],
    ["nothing at all is not a value", undefined, { a: { b: 1 } }, false],
    ["an empty list wants an empty list", { l: ["a"] }, { l: [] }, false],
    ["an empty list is there where there is none: the API server leaves it out", {}, { l: [] }, true],
  ];
  test.each(cases)("%s", (_name, current, desired, expected) => {
    expect(alreadyApplied(current, desired)).toBe(expected);
  });
});
