import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { type SpiffeId, spiffeId } from "../spiffe-id.ts";
import { certificatesOf } from "./der.ts";

/** An X.509 SVID of our own. */
export interface X509Svid {
  readonly id: SpiffeId;
  /** The leaf, and what stands between it and the bundle. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly key: KeyObject;
  /** What an operator calls it, to choose among several; empty where he calls it nothing. */
  readonly hint: string;
}

/** An SVID as the Workload API writes it. */
export interface WrittenSvid {
  readonly spiffeId: string;
  readonly x509Svid: Uint8Array;
  readonly x509SvidKey: Uint8Array;
  readonly hint: string;
}

/** @throws TypeError for what could not be used: no certificate, a key of another one. */
export function svidOf(written: WrittenSvid): X509Svid {
  const id = spiffeId(written.spiffeId);
  const [leaf, ...others] = certificatesOf(written.x509Svid);
  if (leaf === undefined) throw new TypeError(`${id} has no certificate`);
  const key = keyOf(id, written.x509SvidKey);
  if (!leaf.checkPrivateKey(key)) throw new TypeError(`${id} has the key of another certificate`);
  return { id, chain: [leaf, ...others], key, hint: written.hint };
}

/** What OpenSSL says of a bad key may quote it, and is not handed on. */
function keyOf(id: SpiffeId, bytes: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(bytes), format: "der", type: "pkcs8" });
  } catch {
    throw new TypeError(`${id} has a key that is no PKCS #8`);
  }
}

/** Until when an SVID may be shown. */
export function expiryOf({ chain }: X509Svid): Date {
  return chain[0].validToDate;
}
