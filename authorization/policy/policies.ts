import type { Logger } from "#runtime/observe/log.ts";
import { InvalidBundle } from "../bundle/archive.ts";
import { readBundle } from "../bundle/bundle.ts";
import { Pool, type PoolLimits, poolLimits, UnfitPolicy } from "./pool.ts";

/** The policy that decides now. */
export interface Policy {
  readonly revision: string;
  readonly pool: Pool;
}

/** Keeps the last bundle that was good. */
export class Policies {
  readonly #log: Logger;
  readonly #onEnded: (why: string) => void;
  readonly #limits: PoolLimits;
  #current: Policy | undefined;
  #problem: string | undefined;

  /** @param onEnded hears why a thread of a policy ended */
  constructor(log: Logger, onEnded: (why: string) => void, limits: PoolLimits = poolLimits) {
    this.#log = log;
    this.#onEnded = onEnded;
    this.#limits = limits;
  }

  /** Undefined until there was a good bundle. */
  get current(): Policy | undefined {
    return this.#current;
  }

  /** Why no request can be decided on now; undefined where one can. */
  get notReady(): string | undefined {
    if (this.#current === undefined) return `there is no good bundle: ${this.#problem ?? "it is not read yet"}`;
    return this.#current.pool.threads === 0 ? "no thread of the policy is ready" : undefined;
  }

  /** What is wrong with the newest bundle; undefined where it is the one that decides. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Takes a bundle over where it is good. What is being decided is decided by the former. One offer at a time.
   *
   * @returns `again` where it was not taken for a reason that is not the bundle's: it is to be offered once more
   */
  async offer(packed: Uint8Array): Promise<"settled" | "again"> {
    let next: Policy;
    try {
      const bundle = await readBundle(packed);
      next = { revision: bundle.revision, pool: await Pool.open(bundle, this.#limits, this.#onEnded) };
    } catch (error) {
      // Whatever it is: what decides now is not to end for the next bundle's sake.
      this.refuse(error instanceof Error ? error.message : String(error));
      return error instanceof InvalidBundle || error instanceof UnfitPolicy ? "settled" : "again";
    }
    const before = this.#current;
    this.#current = next;
    this.#problem = undefined;
    this.#log.info({ revision: next.revision, before: before?.revision }, "a bundle decides from now on");
    await before?.pool.close();
    return "settled";
  }

  /** There is no newest bundle, or it is no good. */
  refuse(problem: string): void {
    this.#problem = problem;
    const { revision } = this.#current ?? {};
    const then = revision === undefined ? "every request is refused" : "the last good one goes on";
    this.#log.error({ problem, revision }, `the bundle is refused, and ${then}`);
  }

  async close(): Promise<void> {
    await this.#current?.pool.close();
  }
}
