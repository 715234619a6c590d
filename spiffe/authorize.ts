import { type SpiffeId, type TrustDomain, trustDomainOf } from "./spiffe-id.ts";

/** Whether a peer that proved to be this may be spoken to. There is no default: who may is a decision of whoever asks. */
export type Authorize = (peer: SpiffeId) => boolean;

/** That one alone. */
export function exactly(id: SpiffeId): Authorize {
  return (peer) => peer === id;
}

/** Each of these, and nobody else: nobody at all, where there is none. */
export function oneOf(ids: Iterable<SpiffeId>): Authorize {
  const allowed = new Set(ids);
  return (peer) => allowed.has(peer);
}

/** Everybody of a trust domain. */
export function memberOf(domain: TrustDomain): Authorize {
  return (peer) => trustDomainOf(peer) === domain;
}
