import { describe, expect, test } from "vitest";
import { bytesOf, formatBytes } from "./quantity.ts";

describe("a quantity", () => {
  test.each([
    ["0", 0n],
    ["1", 1n],
    ["512Mi", 536870912n],
    ["1.5Gi", 1610612736n],
    ["128G", 128_000_000_000n],
    ["1e3", 1000n],
    ["1E", 10n ** 18n],
    ["2E2", 200n],
    ["100m", 1n],
    ["16Ei", 1n << 64n],
  ])("%s is %s bytes", (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });

  test.each(["", "-1Gi", "1 Gi", "1KiB", "0x10", "Gi"])("%j is none", (text) => {
    expect(() => bytesOf(text)).toThrow(RangeError);
  });

  test.each([
    [0n, "0"],
    [1000n, "1k"],
    [1500n, "1500"],
    [1n << 30n, "1Gi"],
    [1536n << 20n, "1536Mi"],
  ])("of %s bytes is written %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
