import { describe, expect, test } from "vitest";
import { spiffeId, trustDomain, trustDomainId, trustDomainOf } from "./spiffe-id.ts";

const long = "a".repeat(255);

describe("SPIFFE IDs", () => {
  test.each([
    "spiffe://cloud.test/ns/a/sa/b",
    "spiffe://cloud.test/A.b_c-9",
    "spiffe://9_-./...",
    `spiffe://${long}/a`,
    `spiffe://d/${"a".repeat(2048 - "spiffe://d/".length)}`,
  ])("%s is one", (text) => {
    expect(spiffeId(text)).toBe(text);
  });

  test.each([
    ["", "does not begin"],
    ["cloud.test/a", "does not begin"],
    ["SPIFFE://cloud.test/a", "does not begin"],
    ["https://cloud.test/a", "does not begin"],
    ["spiffe:/cloud.test/a", "does not begin"],
    ["spiffe:///a", "no trust domain"],
    ["spiffe://", "no trust domain"],
    ["spiffe://Cloud.test/a", "no trust domain"],
    ["spiffe://cloud.test:443/a", "no trust domain"],
    ["spiffe://user@cloud.test/a", "no trust domain"],
    ["spiffe://clöud.test/a", "no trust domain"],
    ["spiffe://%63loud.test/a", "no trust domain"],
    ["spiffe://cloud.test?a/b", "no trust domain"],
    [`spiffe://${long}a/a`, "no trust domain"],
    ["spiffe://cloud.test", "no workload"],
    ["spiffe://cloud.test/", "no part"],
    ["spiffe://cloud.test//a", "no part"],
    ["spiffe://cloud.test/a/", "no part"],
    ["spiffe://cloud.test/a/./b", "no part"],
    ["spiffe://cloud.test/a/../b", "no part"],
    ["spiffe://cloud.test/a%2fb", "no part"],
    ["spiffe://cloud.test/a?b", "no part"],
    ["spiffe://cloud.test/a#b", "no part"],
    ["spiffe://cloud.test/a b", "no part"],
    ["spiffe://cloud.test/a\n", "no part"],
    ["spiffe://cloud.test/ü", "no part"],
    [`spiffe://d/${"a".repeat(2049 - "spiffe://d/".length)}`, "at most"],
  ])("%j is none", (text, why) => {
    expect(() => spiffeId(text)).toThrow(why);
  });

  test("its trust domain, by name and as an ID", () => {
    const id = spiffeId("spiffe://cloud.test/ns/a");
    expect(trustDomainOf(id)).toBe("cloud.test");
    expect(trustDomainId(id)).toBe("spiffe://cloud.test");
    expect(trustDomain("spiffe://cloud.test")).toBe(trustDomain("cloud.test"));
    for (const text of ["", "spiffe://", "spiffe://cloud.test/a", "Cloud.test"]) {
      expect(() => trustDomain(text)).toThrow(TypeError);
    }
  });
});
