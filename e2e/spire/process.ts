import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { tailOf } from "../cluster/log-tail.ts";
import { eventually } from "../harness/eventually.ts";

/** A program of the bed that can be stopped and started again. */
export class BedProcess {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #log: string;
  readonly #isUp: () => Promise<boolean>;
  #child: ChildProcess | undefined;

  /** @param isUp whether it answers */
  constructor(program: string, args: readonly string[], log: string, isUp: () => Promise<boolean>) {
    this.#program = program;
    this.#args = args;
    this.#log = log;
    this.#isUp = isUp;
  }

  /** Starts it and waits until it answers. */
  async start(): Promise<void> {
    const log = openSync(this.#log, "a");
    const child = spawn(this.#program, [...this.#args], { stdio: ["ignore", log, log] });
    closeSync(log);
    this.#child = child;
    const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
    await eventually(`${this.#program} to answer`, async () => hasEnded() || (await this.#isUp()));
    if (hasEnded()) throw new Error(`${this.#program} ended; its log ends with:\n${tailOf(this.#log, 10)}`);
  }

  /** Kills it: nothing is said to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exit;
  }
}
