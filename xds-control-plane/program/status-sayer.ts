import { type ApiErrorReason, isApiError } from "#runtime/client/errors.ts";
import type { Logger } from "#runtime/observe/log.ts";
import type { StatusWrite } from "./statuses.ts";

export interface StatusSayerOptions {
  /** What is to be written now; nothing where all is said. */
  readonly wanted: (now: Date) => readonly StatusWrite[];
  readonly write: (status: StatusWrite) => Promise<void>;
  readonly log: Logger;
}

/** How long after a status could not be written it is tried again, milliseconds. */
const againMs = 5_000;
/**
 * How soon it is looked again where nobody asks for it, milliseconds: what another replica heard is left to it for a time
 * (programmed.ts), whose end nothing in the cluster tells.
 */
const lookMs = 60_000;

/** Answers that are about one object and say nothing of the next. */
const ofOne: readonly ApiErrorReason[] = ["NotFound", "Conflict", "Invalid", "Forbidden"];

/** Writes statuses, one round at a time, until the signal. One that is refused holds up no other. */
export class StatusSayer {
  readonly #options: StatusSayerOptions;
  readonly #signal: AbortSignal;
  #round: Promise<void> | undefined;
  #isWanted = false;
  #again: NodeJS.Timeout | undefined;

  constructor(options: StatusSayerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#again), { once: true });
  }

  /** What is asked for after the signal is not said: streams that we end ourselves take back what they rejected. */
  say(): void {
    if (this.#signal.aborted) return;
    this.#isWanted = true;
    this.#round ??= this.#run().finally(() => {
      this.#round = undefined;
    });
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#round;
  }

  async #run(): Promise<void> {
    let isDone = true;
    while (this.#isWanted && !this.#signal.aborted) {
      this.#isWanted = false;
      isDone = await this.#write();
    }
    clearTimeout(this.#again);
    if (!this.#signal.aborted) this.#again = setTimeout(() => this.say(), isDone ? lookMs : againMs);
  }

  /** Whether all could be written. Where the API server does not answer, the rest of the round is left. */
  async #write(): Promise<boolean> {
    const { write, log } = this.#options;
    const failed: unknown[] = [];
    for (const status of this.#wanted()) {
      if (this.#signal.aborted) break;
      try {
        await write(status);
      } catch (error) {
        failed.push(error);
        if (!isApiError(error) || !ofOne.includes(error.reason)) break;
      }
    }
    const [err] = failed;
    if (err !== undefined)
      log.warn({ err, count: failed.length }, "statuses could not be written, and are tried again");
    return err === undefined;
  }

  /** A fault in what is to be said is said, and ends nothing: proxies are served all the same. */
  #wanted(): readonly StatusWrite[] {
    try {
      return this.#options.wanted(new Date());
    } catch (err) {
      this.#options.log.error({ err }, "what is to be said in statuses could not be made");
      return [];
    }
  }
}
