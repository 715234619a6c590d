import type { JSONWebKeySet } from "jose";
import { type TrustDomain, trustDomain } from "../spiffe-id.ts";

/** The keys that each trust domain's JWT-SVIDs are believed by. A domain that is not here is not trusted. */
export type JwtBundles = ReadonlyMap<TrustDomain, JSONWebKeySet>;

/**
 * Bundles as the Workload API writes them: JSON Web Key Sets, by the trust domain's ID. Keys of another use (a SPIFFE
 * bundle may hold those of X.509) are left out.
 *
 * @throws TypeError where an ID is none, or a set is no JSON Web Key Set.
 */
export function jwtBundlesOf(entries: Iterable<readonly [string, Uint8Array]>): JwtBundles {
  return new Map([...entries].map(([id, bytes]) => [trustDomain(id), keySetOf(id, bytes)]));
}

function keySetOf(id: string, bytes: Uint8Array): JSONWebKeySet {
  let keys: unknown;
  try {
    keys = JSON.parse(Buffer.from(bytes).toString("utf8")).keys;
  } catch (error) {
    throw new TypeError(`the JWT bundle of ${id} is no JSON`, { cause: error });
  }
  if (!Array.isArray(keys)) throw new TypeError(`the JWT bundle of ${id} is no JSON Web Key Set`);
  // The standard's name of the use is unknown to JOSE, which knows "sig".
  return {
    keys: (keys as JSONWebKeySet["keys"])
      .filter(({ use }) => use === undefined || use === "jwt-svid")
      .map((key) => ({ ...key, use: "sig" })),
  };
}
