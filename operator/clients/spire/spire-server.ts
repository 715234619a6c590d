import { setTimeout as delay } from "node:timers/promises";
import { exactly, expiryOf, SvidChannelCredentials, spiffeId, X509Source } from "#spiffe/index.ts";
import { EntryApi } from "./entry-api.ts";
import { SpireError } from "./spire-error.ts";

export interface SpireAddress {
  readonly trustDomain: string;
  /** The server's API, `host:port`. */
  readonly server: string;
  /** The Workload API that our own identity comes from, `unix:///path`. */
  readonly workloadApi: string;
  /** Whether the key of the trust domain's root rests on a disk of the cluster, which is said where workloads are registered. */
  readonly rootOnDisk: boolean;
}

/** How long a caller waits for our first identity, milliseconds; then it is told why there is none. */
const FIRST_WITHIN_MS = 3_000;

/** SPIRE's server, spoken to by mutual TLS with our own SVID. Our identity is asked for from the start, for as long as it takes. */
export class SpireServer {
  readonly address: string;
  readonly rootOnDisk: boolean;
  readonly #peer: string;
  readonly #source: Promise<X509Source>;
  #held: X509Source | undefined;
  #problem = "the Workload API has not answered yet";

  /** @param stop ends what waits for identities */
  constructor({ trustDomain, server, workloadApi, rootOnDisk }: SpireAddress, stop: AbortSignal) {
    this.address = server;
    this.rootOnDisk = rootOnDisk;
    this.#peer = `spiffe://${trustDomain}/spire/server`;
    const onProblem = ({ message }: Error): void => {
      this.#problem = message;
    };
    this.#source = X509Source.open({ address: workloadApi, onProblem }, stop);
    this.#source.then(
      (source) => {
        this.#held = source;
        stop.addEventListener("abort", () => source.close(), { once: true });
        if (stop.aborted) source.close();
      },
      // Only the stop ends the wait.
      () => undefined,
    );
  }

  /** When our own SVID ends, if none follows; undefined where there was none. */
  get expiry(): Date | undefined {
    try {
      return this.#held === undefined ? undefined : expiryOf(this.#held.svid);
    } catch {
      // What is held has expired already.
      return undefined;
    }
  }

  /**
   * Uses the Entry API over a connection of its own.
   *
   * @throws SpireError
   */
  async use<T>(work: (entries: EntryApi) => Promise<T>): Promise<T> {
    const source = await this.#identity();
    const entries = new EntryApi(this.address, new SvidChannelCredentials(source, exactly(spiffeId(this.#peer))));
    try {
      return await work(entries);
    } finally {
      entries.close();
    }
  }

  async #identity(): Promise<X509Source> {
    const enough = new AbortController();
    const late = delay(FIRST_WITHIN_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    const source = await Promise.race([this.#source, late]);
    enough.abort();
    if (source === undefined) throw new SpireError(`no identity for the operator: ${this.#problem}`);
    return source;
  }
}
