import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Bundle } from "../bundle/bundle.ts";
import type { Evaluated, WorkerSays, WorkerStart } from "./messages.ts";

export interface PoolLimits {
  /** Threads, each of which evaluates one input at a time. */
  readonly workers: number;
  /** For an evaluation, from when a thread has it: its thread is then ended. */
  readonly deadlineMs: number;
  /** For a question to wait for a thread: apart, so that many questions do not end threads that do their work. */
  readonly waitMs: number;
  /** How many may wait for a thread; a further one fails at once. */
  readonly waiting: number;
  /** How large those that wait may be together before a further one fails at once, bytes. */
  readonly waitingBytes: number;
  /** The most memory that the policy has in a thread, its data included, bytes. */
  readonly memoryBytes: number;
  /** For a thread to be ready with the policy and its data. */
  readonly startMs: number;
}

/** Two threads at least: one that is stuck does not hold up everybody. The proxies of Gateways wait for a second. */
export const poolLimits: PoolLimits = {
  workers: Math.min(Math.max(availableParallelism(), 2), 4),
  deadlineMs: 500,
  waitMs: 250,
  waiting: 1_000,
  waitingBytes: 16 << 20,
  memoryBytes: 64 << 20,
  startMs: 10_000,
};

/** The policy of a bundle cannot be asked; the message says why. */
export class UnfitPolicy extends Error {
  override readonly name = "UnfitPolicy";
}

interface Task {
  readonly input: string;
  /** Of the input. */
  readonly bytes: number;
  readonly resolve: (evaluated: Evaluated) => void;
  /** Of its waiting, then of its evaluation. */
  deadline: NodeJS.Timeout;
}

interface Slot {
  readonly worker: Worker;
  task: Task | undefined;
}

const pageBytes = 64 << 10;

/**
 * One bundle's policy in several threads. An evaluation that passes its deadline, or breaks its thread, costs that thread, and nobody
 * else's answer; another one takes its place.
 */
export class Pool {
  readonly #start: WorkerStart;
  readonly #limits: PoolLimits;
  readonly #onEnded: (why: string) => void;
  readonly #idle: Slot[] = [];
  readonly #waiting = new Set<Task>();
  readonly #workers = new Set<Worker>();
  /** Successors on their way. */
  readonly #starting = new Set<Promise<void>>();
  /** Closed, and all is answered: no thread is started any more. */
  readonly #over = new AbortController();
  #waitingBytes = 0;
  #ready = 0;
  #busy = 0;
  #isClosed = false;
  #drained: (() => void) | undefined;

  private constructor(start: WorkerStart, limits: PoolLimits, onEnded: (why: string) => void) {
    this.#start = start;
    this.#limits = limits;
    this.#onEnded = onEnded;
  }

  /**
   * Gives a pool whose threads are ready.
   *
   * @param onEnded hears why a thread was ended, or ended
   * @throws UnfitPolicy, where trying again gives the same; an Error of another kind where a thread did not start
   */
  static async open(
    { wasm, data, entrypoint }: Bundle,
    limits: PoolLimits = poolLimits,
    onEnded: (why: string) => void = () => undefined,
  ): Promise<Pool> {
    let module: WebAssembly.Module;
    try {
      module = await WebAssembly.compile(wasm.slice());
    } catch (error) {
      if (!(error instanceof WebAssembly.CompileError)) throw error;
      throw new UnfitPolicy("its policy is no WebAssembly module");
    }
    // Static data of the program is in its memory from the beginning, after which opa-wasm counts on some pages more.
    const initial = Math.ceil(wasm.length / pageBytes) + 16;
    const maximum = Math.floor(limits.memoryBytes / pageBytes);
    if (initial > maximum) throw new UnfitPolicy(`its policy needs more than ${limits.memoryBytes} bytes`);
    const pool = new Pool({ module, data, entrypoint, pages: { initial, maximum } }, limits, onEnded);
    try {
      const workers = await Promise.all(Array.from({ length: limits.workers }, () => pool.#startWorker()));
      for (const worker of workers) pool.#adopt({ worker, task: undefined });
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** How many inputs wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many threads evaluate inputs: not those that are still on their way. */
  get threads(): number {
    return this.#ready;
  }

  /** Why nothing more may wait now; undefined where it may. To be asked before anything is spent on an input. */
  get full(): string | undefined {
    const { waiting, waitingBytes } = this.#limits;
    const isFull = this.#waiting.size >= waiting || this.#waitingBytes >= waitingBytes;
    return isFull ? "too many requests wait for a decision" : undefined;
  }

  /** @param input JSON */
  evaluate(input: string): Promise<Evaluated> {
    const failed = (why: string): Promise<Evaluated> => Promise.resolve({ kind: "failed", why });
    if (this.#isClosed) return failed("the policy was exchanged");
    const { full } = this;
    if (full !== undefined) return failed(full);
    const { promise, resolve } = Promise.withResolvers<Evaluated>();
    const deadline = setTimeout(() => this.#forget(task), this.#limits.waitMs);
    const task: Task = { input, bytes: Buffer.byteLength(input), resolve, deadline };
    this.#busy += 1;
    this.#waiting.add(task);
    this.#waitingBytes += task.bytes;
    this.#assign();
    return promise;
  }

  /** Takes no more inputs; resolves when those that were taken are answered and no thread is left, nor on its way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    this.#over.abort();
    await Promise.all([...this.#workers].map((worker) => worker.terminate()));
    await Promise.all(this.#starting);
  }

  #assign(): void {
    for (const task of this.#waiting) {
      const slot = this.#idle.pop();
      if (slot === undefined) return;
      this.#waiting.delete(task);
      this.#waitingBytes -= task.bytes;
      slot.task = task;
      clearTimeout(task.deadline);
      const { deadlineMs } = this.#limits;
      task.deadline = setTimeout(() => this.#replace(slot, `no decision within ${deadlineMs} ms`), deadlineMs);
      slot.worker.postMessage(task.input);
    }
  }

  #settle(task: Task, evaluated: Evaluated): void {
    clearTimeout(task.deadline);
    task.resolve(evaluated);
    this.#busy -= 1;
    if (this.#busy === 0) this.#drained?.();
  }

  #forget(task: Task): void {
    this.#waiting.delete(task);
    this.#waitingBytes -= task.bytes;
    this.#settle(task, { kind: "failed", why: "no thread was free in time" });
  }

  #adopt(slot: Slot): void {
    const { worker } = slot;
    worker.on("message", (evaluated: Evaluated) => {
      const { task } = slot;
      // Of a thread that passed its deadline: it comes too late.
      if (task === undefined) return;
      slot.task = undefined;
      this.#idle.push(slot);
      this.#settle(task, evaluated);
      this.#assign();
    });
    // Out of the thread's memory, for one; also while it is being ended.
    worker.on("error", () => this.#replace(slot, "the thread that evaluated it broke"));
    this.#ready += 1;
    this.#idle.push(slot);
    this.#assign();
  }

  /** Ends a slot's thread, once, and what it worked on; another takes its place as soon as it is ready. */
  #replace(slot: Slot, why: string): void {
    const { task, worker } = slot;
    if (!this.#workers.delete(worker)) return;
    this.#ready -= 1;
    slot.task = undefined;
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#onEnded(why);
    void worker.terminate();
    const starting = this.#startAgain().finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    if (task !== undefined) this.#settle(task, { kind: "failed", why });
  }

  async #startAgain(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        const worker = await this.#startWorker();
        if (signal.aborted) await worker.terminate();
        else this.#adopt({ worker, task: undefined });
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#onEnded(error instanceof Error ? error.message : String(error));
        await delay(1_000, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #startWorker(): Promise<Worker> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: this.#start,
      // What a policy prints is of its input.
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    this.#workers.add(worker);
    const { promise, resolve, reject } = Promise.withResolvers<WorkerSays>();
    worker.once("message", resolve);
    // Its own words could show data.
    worker.once("error", () => reject(new Error("its thread broke before it was ready")));
    worker.once("exit", () => reject(new Error("its thread ended before it was ready")));
    const { startMs } = this.#limits;
    const late = setTimeout(() => reject(new Error(`its thread was not ready within ${startMs} ms`)), startMs);
    try {
      const said = await promise;
      if (said.kind === "ready") return worker;
      throw new UnfitPolicy(
        `its policy cannot be loaded: ${said.kind === "unfit" ? said.why : "it says something else"}`,
      );
    } catch (error) {
      this.#workers.delete(worker);
      await worker.terminate();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }
}
