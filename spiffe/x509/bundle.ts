import type { X509Certificate } from "node:crypto";
import { type TrustDomain, trustDomain } from "../spiffe-id.ts";
import { certificatesOf } from "./der.ts";

/** The authorities that each trust domain is trusted by. A domain that is not here is not trusted. */
export type X509Bundles = ReadonlyMap<TrustDomain, readonly X509Certificate[]>;

/**
 * Bundles as the Workload API writes them, by the trust domain's ID.
 *
 * @throws TypeError where an ID is none, or the bytes are no certificates.
 */
export function bundlesOf(entries: Iterable<readonly [string, Uint8Array]>): X509Bundles {
  return new Map([...entries].map(([id, bytes]) => [trustDomain(id), certificatesOf(bytes)]));
}
