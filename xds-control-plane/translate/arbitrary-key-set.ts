import fc from "fast-check";

/** A public key of the curve P-256. */
const key = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

const fields = fc.record(
  {
    alg: fc.constantFrom("ES256", "ES512", "RS256", 1),
    kid: fc.constantFrom("key", "", "\u0000", "\ud800", 1, null),
    use: fc.constantFrom("sig", "enc", 1),
    x: fc.constantFrom(key.x, `${key.x}=`, ` ${key.x}`, `!${key.x}`),
    y: fc.constantFrom(key.y, key.y.replaceAll("_", "/")),
    more: fc.constantFrom(1, JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`)),
  },
  { requiredKeys: [] },
);

/** What a text of keys may have that readers of JSON differ about. */
const odd = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.replace("{", '{"more":1e999,'),
  (text: string) => text.replace("{", '{"keys":[],'),
  (text: string) => text.replaceAll('"kty"', '"kty":"RSA","kty"'),
);

/** JSON Web Key Sets: good ones, odd ones and such as are none. */
export const arbitraryJwks: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(JSON.stringify({ keys: [key] })) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.array(fields, { minLength: 1, maxLength: 3 }), odd)
      .map(([all, write]) => write(JSON.stringify({ keys: all.map((each) => ({ ...key, ...each })) }))),
  },
  { weight: 1, arbitrary: fc.constantFrom("", "{}", '{"keys":[]}', "[]", "null") },
);
