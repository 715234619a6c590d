import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, canonical, formatBytes, formatCount, isQuantity, sizeText } from "./quantity.ts";

describe("a quantity", () => {
  test.each([
    ["0", 0n],
    ["1", 1n],
    ["+1", 1n],
    ["512Mi", 536870912n],
    ["1.5Gi", 1610612736n],
    [".5Ki", 512n],
    ["5.", 5n],
    ["128G", 128_000_000_000n],
    ["1e3", 1000n],
    ["1E", 10n ** 18n],
    ["2E2", 200n],
    ["100m", 1n],
    ["1500m", 2n],
    ["16Ei", 1n << 64n],
    ["Gi", 0n],
    ["-0", 0n],
  ])("%s is %s bytes", (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
    expect(isQuantity(text)).toBe(true);
  });

  test.each(["", "-1Gi", "1 Gi", "1KiB", "0x10", "1e", "1K", "1,5Gi"])("%j is none", (text) => {
    expect(() => bytesOf(text)).toThrow(RangeError);
    expect(isQuantity(text)).toBe(false);
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

  test.each([
    [110, "110"],
    [2000, "2k"],
    [3_000_000n, "3M"],
  ])("of the count %s is written %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  test.each([
    [123n, "123"],
    [1536n, "1.5Ki"],
    [(1n << 30n) + 1n, "1Gi"],
    [5_000_000_000n, "4.66Gi"],
  ])("of %s bytes is told as %s", (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });

  test.each([
    ["1024Mi", "1Gi"],
    ["1.5Gi", "1536Mi"],
    ["0.5Ki", "512"],
    ["2.001953125Ki", "2050"],
    ["2000M", "2G"],
    ["5e9", "5e9"],
    ["50e2", "5e3"],
    ["12345e2", "1234500"],
    ["1000", "1k"],
    ["0", "0"],
    ["1Gi", "1Gi"],
    ["123", "123"],
  ])("%s is written back as %s", (given, back) => {
    expect(canonical(given)).toBe(back);
  });

  test("says the same number of bytes however it is written", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 1n << 63n), (bytes) => {
        for (const text of [formatBytes(bytes), formatCount(bytes), `${bytes}`]) {
          expect(bytesOf(text)).toBe(bytes);
          expect(bytesOf(canonical(text))).toBe(bytes);
          expect(canonical(canonical(text))).toBe(canonical(text));
        }
      }),
    );
  });
});
