import { expect, test } from "vitest";
import { quantile } from "./quantile.ts";

test.each([
  ["the median", 0.5, 2],
  ["the highest of few", 0.99, 4],
])("a quantile is %s", (_, share, value) => {
  expect(quantile([4, 1, 3, 2], share)).toBe(value);
});
