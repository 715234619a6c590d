import { expect, test } from "vitest";
import { shortList } from "./short-list.ts";

test.each([
  [["a"], 2, "a"],
  [["a", "b"], 2, "a, b"],
  [["a", "b", "c"], 2, "a, b and 1 more"],
  [["a", "b", "c", "d", "e", "f", "g"], undefined, "a, b, c, d, e and 2 more"],
])("of %j, at most %j, is %j", (names, most, text) => {
  expect(shortList(names, most)).toBe(text);
});
