import { expect, test } from "vitest";
import { backOffMs } from "./back-off.ts";

test("waits double up to ten seconds, and are spread over half of themselves", () => {
  const spread = (failures: number) => [backOffMs(failures, () => 0), backOffMs(failures, () => 1)];
  expect(spread(1)).toEqual([50, 100]);
  expect(spread(2)).toEqual([100, 200]);
  expect(spread(7)).toEqual([3_200, 6_400]);
  for (const failures of [8, 100, 10_000]) expect(spread(failures)).toEqual([5_000, 10_000]);
});
