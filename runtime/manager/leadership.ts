import { setTimeout as sleep } from "node:timers/promises";
import { type Claim, Claims, type ClaimsOptions } from "./claims.ts";
import { LeaderElection, type LeaderOptions } from "./leader.ts";

/** The right of one process to run its set of controllers: its set's Lease, and that no other set has one of them. */
export class Leadership {
  readonly #election: LeaderElection;
  readonly #claims: Claims;
  readonly #options: LeaderOptions;
  #said = "";

  constructor(options: LeaderOptions & Pick<ClaimsOptions, "record" | "controllers">) {
    this.#options = options;
    this.#election = new LeaderElection(options);
    this.#claims = new Claims({ ...options, lease: options.lease.name });
  }

  /** Resolves when this process leads; rejects only when the signal ends the wait. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { retryMs } = this.#options.times;
    for (;;) {
      signal.throwIfAborted();
      // Who would wait with its Lease in hand would keep other sets from what it does not work on.
      if (await this.#isFree()) {
        await this.#election.acquire(signal);
        if (await this.#takeClaims()) return;
        await this.#election.release();
      }
      await sleep(retryMs * (0.8 + Math.random() * 0.4), undefined, { signal });
    }
  }

  /** As {@link LeaderElection.hold}. */
  hold(signal: AbortSignal): Promise<void> {
    return this.#election.hold(signal);
  }

  /** As {@link LeaderElection.release}. */
  release(): Promise<void> {
    return this.#election.release();
  }

  async #isFree(): Promise<boolean> {
    try {
      const taken = await this.#claims.taken();
      this.#sayTaken(taken);
      return taken.length === 0;
    } catch (error) {
      this.#sayUnknown(error);
      return false;
    }
  }

  async #takeClaims(): Promise<boolean> {
    try {
      const { identity } = this.#options;
      // Slow answers may have outlived the Lease.
      return (await this.#claims.take(`${identity} ${new Date().toISOString()}`)) && this.#election.isHeld;
    } catch (error) {
      this.#sayUnknown(error);
      return false;
    }
  }

  #sayTaken(taken: readonly Claim[]): void {
    const text = taken.map(({ controller, lease }) => `${controller} (Lease ${lease})`).join(", ");
    if (text !== "" && text !== this.#said) {
      this.#options.log.warn(
        { controllers: text },
        "other processes run some of these controllers: nothing is done until they end, or until the sets are disjoint",
      );
    }
    this.#said = text;
  }

  #sayUnknown(error: unknown): void {
    // Said once, not at every attempt of an outage.
    if (this.#said !== "unknown")
      this.#options.log.warn({ err: error }, "who runs which controllers could not be seen");
    this.#said = "unknown";
  }
}
