import { expect, test } from "vitest";
import { escapeLike } from "./secrets.ts";

test.each([
  ["team-a/db", "team-a/db"],
  ["a_b", "a\\_b"],
  ["100%", "100\\%"],
  ["a\\b", "a\\\\b"],
])("the name %s is asked for as %s", (name, pattern) => {
  expect(escapeLike(name)).toBe(pattern);
});
