import { expect, test } from "vitest";
import { pinDigest } from "./pin-digest.ts";

/** When the keys of stores are to be looked at anew. */

const keks = { "0": "next", "1": "first" };

test("a PIN's digest is another for another PIN, store, or Cloud", () => {
  const digests = [
    pinDigest(keks, "hsm", "MTIzNA=="),
    pinDigest(keks, "hsm", "NTY3OA=="),
    pinDigest(keks, "luna", "MTIzNA=="),
    pinDigest({ "1": "another" }, "hsm", "MTIzNA=="),
  ];
  expect(new Set(digests).size).toBe(digests.length);
});

test("and the same after key-encryption keys have rotated: ten come after nine", () => {
  const rotated = { "0": "later", "10": "now", "9": "before", "1": "first", "2": "next" };
  expect(pinDigest(rotated, "hsm", "MTIzNA==")).toBe(pinDigest(keks, "hsm", "MTIzNA=="));
});

test("without keys there is none", () => {
  expect(() => pinDigest({ "0": "next" }, "hsm", "MTIzNA==")).toThrow("are held before");
});
