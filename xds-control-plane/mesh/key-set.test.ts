import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { canonicalJwks, jwksProblem } from "./key-set.ts";

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
const ec = pairs["P-256"].publicKey.export({ format: "jwk" });
const rsaOf = (modulusLength: number): object =>
  generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
function evenNumber(): string {
  const n = Buffer.from(pairs.RSA.publicKey.export({ format: "jwk" }).n ?? "", "base64url");
  return Buffer.from([...n.subarray(0, -1), 2]).toString("base64url");
}
const setOf = (...keys: readonly object[]): string => JSON.stringify({ keys });

describe.each(Object.entries(pairs))("a key of %s", (kind, { publicKey, privateKey }) => {
  const own = publicKey.export({ format: "jwk" });

  test("is one where it is public", () => {
    expect(jwksProblem(setOf(own, { ...own, kid: "1", use: "sig" }))).toBeUndefined();
    expect(JSON.parse(canonicalJwks(setOf(own, { ...own, kid: "1", use: "sig" })))).toEqual({
      keys: [own, { ...own, kid: "1" }],
    });
  });

  test("is refused where it is for another algorithm than proxies verify by it", () => {
    expect(jwksProblem(setOf({ ...own, alg: "HS256" }))).toContain("keys[0] is for another alg than ");
    const fitting = { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512", RSA: "PS256", Ed25519: "EdDSA" };
    const alg = fitting[kind as keyof typeof fitting];
    expect(JSON.parse(canonicalJwks(setOf({ ...own, alg })))).toEqual({ keys: [{ ...own, alg }] });
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
  ["more keys than a token is to be tried by", setOf(...Array.from({ length: 17 }, () => ec)), "17 keys: 16 at most"],
  ["a short RSA key", setOf(rsaOf(1_024)), "keys[0] is of 1024 bits"],
  ["an RSA key whose exponent is 1", setOf({ ...rsaOf(2_048), e: "AQ" }), "keys[0] is no public key"],
  ["an RSA key whose exponent is of 128 bits", setOf({ ...rsaOf(2_048), e: `${"_".repeat(21)}w` }), "keys[0] is no"],
  ["an even RSA key", setOf({ ...rsaOf(2_048), n: evenNumber() }), "keys[0] is no public key"],
  ["a key for encryption alone", setOf({ ...ec, use: "enc" }), "it holds no keys for signatures"],
])("%s is refused", (_what, text, problem) => {
  expect(jwksProblem(text)).toContain(problem);
});

test("a key for encryption is left out of what proxies are told", () => {
  const forEncryption = { ...rsaOf(2_048), use: "enc", alg: "RSA-OAEP" };
  expect(JSON.parse(canonicalJwks(setOf(forEncryption, ec)))).toEqual({ keys: [ec] });
});

test.each([
  ["a field that stands twice", `{"keys":[${JSON.stringify(ec).replace('"x"', '"x":"AA","x"')}]}`],
  ["keys that stand twice", `{"keys":[],"keys":[${JSON.stringify(ec)}]}`],
  ["fields of which nothing is known", setOf({ ...ec, x5t: "x", more: [[[1e9]]] })],
  ["a number that is none to others", setOf(ec).replace("{", '{"more":1e999,')],
  ["padding", setOf({ ...ec, x: `${ec.x}=` })],
  ["a key id that is no text", setOf({ ...ec, kid: 1 })],
  ["a key id that is half a character", setOf({ ...ec, kid: "\ud800" })],
])("%s is not passed on", (_what, text) => {
  expect(canonicalJwks(text)).toBe(JSON.stringify({ keys: [ec] }));
});
