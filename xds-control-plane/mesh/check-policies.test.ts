import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { jwksProblem } from "./check-policies.ts";

/** Which keys a check of tokens may have. */

const pairs = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": generateKeyPairSync("ec", { namedCurve: "P-521" }),
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync("ed25519"),
} as const;
const others = {
  secp256k1: generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  X25519: generateKeyPairSync("x25519"),
  Ed448: generateKeyPairSync("ed448"),
} as const;
const setOf = (...keys: readonly object[]): string => JSON.stringify({ keys });

describe.each(Object.entries(pairs))("a key of %s", (_kind, { publicKey, privateKey }) => {
  const own = publicKey.export({ format: "jwk" });

  test("is one where it is public", () => {
    expect(jwksProblem(setOf(own, { ...own, kid: "1", use: "sig" }))).toBeUndefined();
  });

  test("is refused where it is private, though a public one could be made of it, however its fields are written", () => {
    const text = setOf(own, privateKey.export({ format: "jwk" }));
    const problem = "keys[1] is a private key, which is given away: replace it";
    expect(jwksProblem(text)).toBe(problem);
    expect(jwksProblem(text.replaceAll('"d":', '"\\u0064":'))).toBe(problem);
  });
});

test.each(Object.entries(others))("a key of %s, which proxies do not verify, is refused", (_kind, { publicKey }) => {
  expect(jwksProblem(setOf(publicKey.export({ format: "jwk" })))).toContain("keys[0] is of no kind");
});

test.each([
  ["a secret that both know", setOf({ kty: "oct", k: "c2VjcmV0" }), "keys[0] is a private key"],
  ["a point that is on no curve", setOf({ kty: "EC", crv: "P-256", x: "AA", y: "AA" }), "keys[0] is no public key"],
  ["a type by the name of what each object has", setOf({ kty: "toString" }), "keys[0] is of no kind"],
  ["no object", '{"keys":[null]}', "keys[0] is no public key"],
  ["no key", setOf(), "it holds no keys"],
  ["no JSON", "keys", "it is no JSON Web Key Set"],
])("%s is refused", (_what, text, problem) => {
  expect(jwksProblem(text)).toContain(problem);
});
