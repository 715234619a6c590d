import { setTimeout as delay } from "node:timers/promises";
import { exactly, expiryOf, SvidChannelCredentials, spiffeId, X509Source, type X509Svid } from "#spiffe/index.ts";
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

/** A connection that is of one SVID, and who uses it now. */
interface Connection {
  readonly entries: EntryApi;
  readonly svid: X509Svid | undefined;
  users: number;
}

/** SPIRE's server, spoken to by mutual TLS with our own SVID. Our identity is asked for from the start, for as long as it takes. */
export class SpireServer {
  readonly address: string;
  readonly rootOnDisk: boolean;
  readonly #peer: string;
  readonly #source: Promise<X509Source>;
  #held: X509Source | undefined;
  #kept: Connection | undefined;
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
        const close = (): void => {
          this.#keep(undefined);
          source.close();
        };
        stop.addEventListener("abort", close, { once: true });
        if (stop.aborted) close();
      },
      // Only the stop ends the wait.
      () => undefined,
    );
  }

  /** When our own SVID ends, if none follows; undefined where there was none. */
  get expiry(): Date | undefined {
    const svid = this.#held === undefined ? undefined : svidOf(this.#held);
    return svid === undefined ? undefined : expiryOf(svid);
  }

  /**
   * Uses the Entry API over a connection that is kept as long as our SVID is the same, and calls over it succeed: after a
   * failure the next use connects at once, however long gRPC would wait.
   *
   * @throws SpireError
   */
  async use<T>(work: (entries: EntryApi) => Promise<T>): Promise<T> {
    const connection = this.#connectionOf(await this.identity());
    connection.users += 1;
    try {
      return await work(connection.entries);
    } catch (error) {
      if (connection === this.#kept) this.#keep(undefined);
      throw error;
    } finally {
      connection.users -= 1;
      if (connection !== this.#kept && connection.users === 0) connection.entries.close();
    }
  }

  #connectionOf(source: X509Source): Connection {
    const svid = svidOf(source);
    if (this.#kept !== undefined && svid !== undefined && this.#kept.svid === svid) return this.#kept;
    const credentials = new SvidChannelCredentials(source, exactly(spiffeId(this.#peer)));
    const made: Connection = { entries: new EntryApi(this.address, credentials), svid, users: 0 };
    this.#keep(made);
    return made;
  }

  /** Whoever uses the former one still closes it when it is done. */
  #keep(connection: Connection | undefined): void {
    const before = this.#kept;
    this.#kept = connection;
    if (before?.users === 0) before.entries.close();
  }

  /**
   * Our own identity, which renews itself.
   *
   * @throws SpireError where there was none within three seconds
   */
  async identity(): Promise<X509Source> {
    const enough = new AbortController();
    const late = delay(FIRST_WITHIN_MS, undefined, { signal: enough.signal }).catch(() => undefined);
    const source = await Promise.race([this.#source, late]);
    enough.abort();
    if (source === undefined) throw new SpireError(`no identity for the operator: ${this.#problem}`);
    return source;
  }
}

/** Undefined where what is held has expired already. */
function svidOf(source: X509Source): X509Svid | undefined {
  try {
    return source.svid;
  } catch {
    return undefined;
  }
}
