import type { X509Certificate } from "node:crypto";
import { type SpiffeId, trustDomainOf } from "./spiffe-id.ts";
import type { Identity } from "./tls/identity.ts";
import { WorkloadApi } from "./workload-api/connection.ts";
import { watchFromFirst } from "./workload-api/first.ts";
import { fetchX509Svid, type X509SvidResponse } from "./workload-api/messages.ts";
import { bundlesOf, type X509Bundles } from "./x509/bundle.ts";
import { expiryOf, svidOf, type X509Svid } from "./x509/svid.ts";
import { verifySvid } from "./x509/verify.ts";

export interface X509SourceOptions {
  /** Where the Workload API is, `unix:///path`; SPIFFE_ENDPOINT_SOCKET if not said. */
  readonly address?: string;
  /** Which identity to be, where a workload has several; the first if not said. */
  readonly id?: SpiffeId;
  /** Hears why nothing new comes. What is held stays, until it expires. */
  readonly onProblem?: (problem: Error) => void;
}

/** What was given last. */
interface Held {
  readonly svid: X509Svid;
  readonly bundles: X509Bundles;
}

/**
 * Our own X.509 SVID and the bundles that peers are believed by, always the newest: the agent sends each renewal, and is
 * asked again when it was away. Keys are held in memory alone.
 */
export class X509Source implements Identity {
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #held: Held | undefined;

  private constructor() {}

  /**
   * Waits until the agent has given an identity.
   *
   * @throws Error with the last problem as its cause, when the signal comes before.
   */
  static async open(options: X509SourceOptions = {}, signal?: AbortSignal): Promise<X509Source> {
    const source = new X509Source();
    await watchFromFirst(
      new WorkloadApi(options.address),
      fetchX509Svid,
      {
        what: "X.509 SVID",
        onMessage: (message) => source.#take(heldOf(message, options.id)),
        onProblem: options.onProblem,
        signal,
      },
      source.#stop,
    );
    return source;
  }

  /** @throws Error when it is closed, or what is held has expired: nobody is to be shown that. */
  get svid(): X509Svid {
    const { svid } = this.#current();
    if (expiryOf(svid) < new Date()) {
      throw new Error(
        `${svid.id} has expired at ${expiryOf(svid).toISOString()}, and the agent has given no newer one`,
      );
    }
    return svid;
  }

  /** By trust domain: our own, and those that it is federated with. */
  get bundles(): X509Bundles {
    return this.#current().bundles;
  }

  /**
   * Whose certificate a peer has shown, by the bundles of now.
   *
   * @throws UntrustedSvid
   */
  verify(chain: readonly X509Certificate[]): SpiffeId {
    return verifySvid(chain, this.bundles, new Date());
  }

  /** Calls after each renewal, of the SVID or of a bundle. Gives what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends the stream and forgets the key. */
  close(): void {
    this.#stop.abort();
    this.#listeners.clear();
    this.#held = undefined;
  }

  #current(): Held {
    if (this.#held === undefined) throw new Error("this source of SVIDs is closed");
    return this.#held;
  }

  #take(held: Held): void {
    this.#held = held;
    for (const listener of this.#listeners) listener();
  }
}

function heldOf({ svids, federatedBundles }: X509SvidResponse, wanted: SpiffeId | undefined): Held {
  const written = wanted === undefined ? svids[0] : svids.find(({ spiffeId }) => spiffeId === wanted);
  if (written === undefined) {
    const given = svids.map(({ spiffeId }) => spiffeId).join(", ");
    throw new Error(`the agent gave no SVID of ${wanted ?? "any identity"}, but of: ${given || "none"}`);
  }
  const svid = svidOf(written);
  const own = trustDomainOf(svid.id);
  const bundles = bundlesOf([...Object.entries(federatedBundles), [own, written.bundle]]);
  return { svid, bundles };
}
