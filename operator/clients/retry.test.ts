import { expect, test } from "vitest";
import { backoff } from "./retry.ts";

test.each([
  [1, 0, 50],
  [1, 1, 100],
  [2, 0.5, 150],
  [3, 1, 400],
  [20, 0, 1000],
  [20, 1, 2000],
])("after attempt %i, with chance %d, it waits %i ms", (attempt, random, milliseconds) => {
  expect(backoff(attempt, random)).toBe(milliseconds);
});
