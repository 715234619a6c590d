import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { type SpiffeId, spiffeId, trustDomainOf } from "../spiffe-id.ts";
import type { JwtBundles } from "./bundle.ts";

/** Who shows a token, as its trust domain says. */
export interface JwtSvid {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  readonly expiresAt: Date;
  readonly claims: Readonly<JWTPayload>;
}

/** Why a token is not believed. The message never holds the token. */
export class InvalidJwtSvid extends Error {
  override readonly name = "InvalidJwtSvid";
}

/** What JWT-SVIDs may be signed by (JWT-SVID, 2.1): asymmetric alone. */
const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

/**
 * Whose token this is: signed by a key of its subject's own trust domain, not expired, and meant for us.
 *
 * @param audience what we are called; the token has to name it
 * @throws InvalidJwtSvid for each that is not wholly right.
 */
export async function validateJwtSvid(token: string, audience: string, bundles: JwtBundles): Promise<JwtSvid> {
  const id = subjectOf(token);
  const keys = bundles.get(trustDomainOf(id));
  if (keys === undefined) throw new InvalidJwtSvid(`${id}: its trust domain is not trusted here`);
  const { payload, protectedHeader } = await verified(id, token, audience, createLocalJWKSet(keys));
  const { typ } = protectedHeader;
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE") throw new InvalidJwtSvid(`${id}: its type is "${typ}"`);
  const audiences = [payload.aud ?? []].flat();
  return { id, audience: audiences, expiresAt: new Date((payload.exp ?? 0) * 1000), claims: payload };
}

/** Whom the token says it is of, which decides whose keys it is checked by. */
function subjectOf(token: string): SpiffeId {
  try {
    return spiffeId(decodeJwt(token).sub ?? "");
  } catch (error) {
    const why = error instanceof TypeError ? error.message : "it cannot be read";
    throw new InvalidJwtSvid(`a token has no SPIFFE ID as its subject: ${why}`);
  }
}

async function verified(id: SpiffeId, token: string, audience: string, keys: ReturnType<typeof createLocalJWKSet>) {
  try {
    return await jwtVerify(token, keys, { audience, algorithms, requiredClaims: ["sub", "aud", "exp"] });
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new InvalidJwtSvid(`${id}: ${error.message}`, { cause: error.code });
  }
}
