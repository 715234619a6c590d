import { describe, expect, test } from "vitest";
import { NamespaceClaims } from "./namespace-claims.ts";

describe("a namespace", () => {
  test("is opened for the first that wants it and closed after the last", () => {
    const claims = new NamespaceClaims();
    expect(claims.claim("one", "a")).toEqual({ opened: "a" });
    expect(claims.claim("two", "a")).toEqual({});
    expect(claims.claim("one", undefined)).toEqual({});
    expect(claims.claim("two", undefined)).toEqual({ closed: "a" });
  });

  test("is exchanged for another", () => {
    const claims = new NamespaceClaims();
    claims.claim("one", "a");
    expect(claims.claim("one", "b")).toEqual({ opened: "b", closed: "a" });
  });

  test("stays as it is when it is claimed again, or given up by one who never had it", () => {
    const claims = new NamespaceClaims();
    claims.claim("one", "a");
    expect(claims.claim("one", "a")).toEqual({});
    expect(claims.claim("two", undefined)).toEqual({});
  });
});
