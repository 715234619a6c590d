import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { JwtCheck } from "./mesh/policy.ts";

/** A pair that signs tokens as Keystone does: ES256, without a key id. */
export interface TokenKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function tokenKeys(): TokenKeys {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** The public halves as a JSON Web Key Set. */
export function jwksOf(...all: readonly TokenKeys[]): string {
  return JSON.stringify({ keys: all.map(({ publicKey }) => publicKey.export({ format: "jwk" })) });
}

/** A check of such tokens in X-Auth-Token, of which a request needs none, but a good one if it has one. */
export function keystoneCheck(...all: readonly TokenKeys[]): JwtCheck {
  const provider = { name: "keystone", headers: [{ name: "x-auth-token" }], forward: true } as const;
  return {
    providers: [{ ...provider, keys: { kind: "inline", jwks: jwksOf(...all) } }],
    requirements: [{ name: "optional", providers: [provider.name], isOptional: true }],
    standard: "optional",
  };
}

/** A token as Keystone's JWS tokens are: no issuer, no audience. A claim that is undefined is left out. */
export function signedToken({ privateKey: key }: TokenKeys, claims: object = {}, livesSeconds = 60): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (of: object): string => Buffer.from(JSON.stringify(of)).toString("base64url");
  const head = `${part({ typ: "JWT", alg: "ES256" })}.${part({ iat: now, exp: now + livesSeconds, ...claims })}`;
  return `${head}.${sign("sha256", Buffer.from(head), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}
