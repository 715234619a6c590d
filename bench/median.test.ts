import { expect, test } from "vitest";
import { median } from "./median.ts";

test.each([
  ["the middle of an odd number of values", [9, 1, 5], 5],
  ["the mean of the middle two of an even number", [4, 1, 2, 9], 3],
  ["the value itself where there is one", [7], 7],
])("the median is %s", (_, values, middle) => {
  expect(median(values)).toBe(middle);
});
