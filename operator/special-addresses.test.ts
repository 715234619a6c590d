import { describe, expect, test } from "vitest";
import { isSpecialAddress, throughNat64 } from "./special-addresses.ts";

describe("a range of v4 is reached through NAT64 as", () => {
  test.each([
    ["0.0.0.0/8", "64:ff9b::/104"],
    ["10.0.0.0/8", "64:ff9b::a00:0/104"],
    ["192.0.2.0/24", "64:ff9b::c000:200/120"],
    ["0.0.1.0/24", "64:ff9b::100/120"],
  ])("%s: %s", (range, expected) => {
    expect(throughNat64(range)).toBe(expected);
  });
});

test.each([
  ["10.1.2.3", true],
  ["64:ff9b::10.1.2.3", true],
  ["64:ff9b::a9fe:a9fe", true],
  ["::ffff:10.1.2.3", true],
  ["93.184.215.14", false],
  ["64:ff9b::93.184.215.14", false],
  ["::ffff:93.184.215.14", false],
])("%s is of no use on the internet: %s", (address, special) => {
  expect(isSpecialAddress(address)).toBe(special);
});
