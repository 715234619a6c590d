import { describe, expect, test } from "vitest";
import { upToDate } from "./up-to-date.ts";

describe("what is there is up to date", () => {
  test.each<[string, unknown, unknown, boolean]>([
    ["where others added fields", { a: 1, b: 2 }, { a: 1 }, true],
    ["where a field that is undefined is not there", {}, { a: undefined }, true],
    ["where a map that is to be empty has entries of others", { podSelector: { x: 1 } }, { podSelector: {} }, true],
    ["not where a field differs", { a: 2 }, { a: 1 }, false],
    ["not where a list has one more", { subjects: ["a", "b"] }, { subjects: ["a"] }, false],
    ["not where a list is in another order", ["b", "a"], ["a", "b"], false],
    ["not where there is nothing", undefined, {}, false],
  ])("%s", (_name, current, desired, expected) => {
    expect(upToDate(current, desired)).toBe(expected);
  });
});
