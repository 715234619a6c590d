import type { X509Certificate } from "node:crypto";
import type { Authorize } from "../authorize.ts";
import type { SpiffeId } from "../spiffe-id.ts";
import type { Identity } from "./identity.ts";

/** The peer proved who it is, and is not one that may be spoken to. */
export class UnauthorizedPeer extends Error {
  override readonly name = "UnauthorizedPeer";
  readonly peer: SpiffeId;

  constructor(peer: SpiffeId) {
    super(`${peer} is not one that may be spoken to here`);
    this.peer = peer;
  }
}

/**
 * Who the peer is, if it may be spoken to.
 *
 * @throws UntrustedSvid, UnauthorizedPeer
 */
export function authorized(source: Identity, authorize: Authorize, chain: readonly X509Certificate[]): SpiffeId {
  const peer = source.verify(chain);
  if (!authorize(peer)) throw new UnauthorizedPeer(peer);
  return peer;
}
