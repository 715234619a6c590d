import { describe, expect, test } from "vitest";
import { durationMs } from "./duration.ts";

describe("a duration", () => {
  test.each([
    ["720h", 2_592_000_000],
    ["1h30m", 5_400_000],
    ["45s", 45_000],
    ["1h0m1s", 3_601_000],
    ["999999h", 3_599_996_400_000],
  ])("%s is %i ms", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(["", "1d", "10", "1s1h", "-1h", "1.5h", "1h ", "100ms"])("%j is none", (text) => {
    expect(() => durationMs(text)).toThrow(/is not a duration/);
  });
});
