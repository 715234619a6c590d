import type { X509Certificate } from "node:crypto";
import type { SpiffeId } from "../spiffe-id.ts";
import type { X509Bundles } from "../x509/bundle.ts";
import type { X509Svid } from "../x509/svid.ts";

/** What TLS needs of a source of SVIDs: what to show, whom to believe, and to hear of renewals. */
export interface Identity {
  /** @throws Error when there is none that may be shown. */
  readonly svid: X509Svid;
  readonly bundles: X509Bundles;
  /** @throws UntrustedSvid */
  verify(chain: readonly X509Certificate[]): SpiffeId;
  /** Gives what ends it. */
  onChange(listener: () => void): () => void;
}

/** Why a source has nothing that may be shown; undefined where it has. */
export function identityProblem(identity: Identity): string | undefined {
  try {
    void identity.svid;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
