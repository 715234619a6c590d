import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { type JwtBundles, jwtBundlesOf } from "./bundle.ts";
import { InvalidJwtSvid, validateJwtSvid } from "./validate.ts";

const web = "spiffe://d.test/web";
type Key = Awaited<ReturnType<typeof generateKeyPair>>;
let ours: Key;
let theirs: Key;
let ofX509: Key;
let bundles: JwtBundles;

async function jwk({ publicKey }: Key, kid: string, use: string): Promise<object> {
  return { ...(await exportJWK(publicKey)), kid, use };
}

beforeAll(async () => {
  [ours, theirs, ofX509] = (await Promise.all([1, 2, 3].map(() => generateKeyPair("ES256")))) as [Key, Key, Key];
  const set = async (...keys: readonly Promise<object>[]) =>
    Buffer.from(JSON.stringify({ keys: await Promise.all(keys) }));
  bundles = jwtBundlesOf([
    ["spiffe://d.test", await set(jwk(ours, "1", "jwt-svid"), jwk(ofX509, "2", "x509-svid"))],
    ["spiffe://away.test", await set(jwk(theirs, "1", "jwt-svid"))],
  ]);
});

interface Said {
  readonly subject?: string;
  readonly audience?: string | string[];
  readonly ends?: string;
  readonly header?: Readonly<Record<string, string>>;
}

function token(
  key: () => Key,
  { subject = web, audience = "keystone", ends = "5m", header = {} }: Said = {},
): Promise<string> {
  const made = new SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "1", ...header }).setSubject(subject);
  return made.setAudience(audience).setExpirationTime(ends).sign(key().privateKey);
}

describe("a JWT-SVID", () => {
  test.each<[string, Said]>([
    ["as SPIRE makes it", { header: { typ: "JWT" } }],
    ["for several, of which we are one", { audience: ["barbican", "keystone"] }],
    ["without a key's id", { header: { kid: undefined as never } }],
  ])("%s is believed", async (_what, said) => {
    const found = await validateJwtSvid(await token(() => ours, said), "keystone", bundles);
    expect(found.id).toBe(web);
    expect(found.audience).toContain("keystone");
    expect(found.expiresAt.getTime()).toBeGreaterThan(Date.now());
  });

  test.each<[string, () => Key, Said, string]>([
    ["for somebody else", () => ours, { audience: "barbican" }, '"aud"'],
    ["that has expired", () => ours, { ends: "-1m" }, '"exp"'],
    ["of a key that is no bundle's", () => theirs, {}, "signature"],
    ["of another trust domain's workload, by our key", () => ours, { subject: "spiffe://away.test/web" }, "signature"],
    ["of a trust domain that nobody trusts", () => ours, { subject: "spiffe://other.test/web" }, "not trusted here"],
    ["of a key for X.509", () => ofX509, { header: { kid: "2" } }, "no applicable key"],
    ["of a user", () => ours, { subject: "alice" }, "no SPIFFE ID"],
    ["of another type", () => ours, { header: { typ: "at+jwt" } }, 'type is "at+jwt"'],
  ])("%s is refused", async (_what, key, said, why) => {
    const shown = await token(key, said);
    const refused = validateJwtSvid(shown, "keystone", bundles);
    await expect(refused).rejects.toThrow(InvalidJwtSvid);
    await expect(refused).rejects.toThrow(why);
    await expect(refused).rejects.not.toThrow(shown);
  });

  test("that is not signed, or by a secret, or is no token, is refused", async () => {
    const unsigned = new UnsecuredJWT({}).setSubject(web).setAudience("keystone").setExpirationTime("5m").encode();
    const secret = new TextEncoder().encode("a secret that is long enough for HS256");
    const symmetric = await new SignJWT({ aud: "keystone", sub: web })
      .setProtectedHeader({ alg: "HS256", kid: "1" })
      .setExpirationTime("5m")
      .sign(secret);
    const endless = await new SignJWT({ aud: "keystone", sub: web })
      .setProtectedHeader({ alg: "ES256" })
      .sign(ours.privateKey);
    for (const shown of [unsigned, symmetric, endless, "no.token", ""]) {
      await expect(validateJwtSvid(shown, "keystone", bundles)).rejects.toThrow(InvalidJwtSvid);
    }
  });
});

test("a bundle that is no JSON Web Key Set is refused", () => {
  for (const text of ["", "[]", "{}", '{"keys":1}']) {
    expect(() => jwtBundlesOf([["spiffe://d.test", Buffer.from(text)]])).toThrow(TypeError);
  }
});
