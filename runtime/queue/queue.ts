/** What is looked at first. `low` is for what nobody waits for: the first list, resyncs, polls. */
export type Priority = "normal" | "low";

export interface QueueOptions {
  /** Failures of one key are spaced by `first · 2ⁿ` milliseconds up to `most`, with jitter. */
  readonly backoff: { readonly firstMs: number; readonly mostMs: number };
  /** Keys of one fairness group are taken in order; groups take turns. */
  readonly groupOf: (key: string) => string;
  readonly now?: () => number;
}

/** Far appointments are rounded up to whole seconds, so that 10,000 polls cost one scan a second at most. */
const COARSE_FROM_MS = 5_000;
const COARSE_STEP_MS = 1_000;

/**
 * Keys to look at. A key stands in it once, however often it is added; a key that is being worked on is not given out
 * again until that work is done, and then comes back if it was added meanwhile. Groups (namespaces) take turns within
 * a priority, so that one with 10,000 keys delays another by one key.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #ready: Readonly<Record<Priority, FairLine>> = { normal: new FairLine(), low: new FairLine() };
  readonly #working = new Map<string, Priority | undefined>();
  /**
   * When keys come back, in whole milliseconds since the queue began: every object stands here between two passes, and
   * a small integer (V8's hold 24 days) takes no memory beside its place in the map.
   */
  readonly #scheduled: Readonly<Record<Priority, Map<string, number>>> = { normal: new Map(), low: new Map() };
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  readonly #restWaiters: (() => void)[] = [];
  readonly #began: number;
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#began = options.now?.() ?? Date.now();
  }

  /** Asks that `key` be looked at now. */
  add(key: string, priority: Priority = "normal"): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      if (this.#working.get(key) !== "normal") this.#working.set(key, priority);
      return;
    }
    const group = this.#options.groupOf(key);
    if (priority === "normal") this.#ready.low.remove(group, key);
    else if (this.#ready.normal.has(group, key)) return;
    this.#ready[priority].add(group, key);
    this.#hand();
  }

  /** Asks that `key` be looked at in `ms`. A later call replaces an earlier one: a pass says anew when to come back. */
  addAfter(key: string, ms: number, priority: Priority = "low"): void {
    if (this.#closed) return;
    const exact = this.#now() + Math.max(0, ms);
    const step = ms < COARSE_FROM_MS ? 1 : COARSE_STEP_MS;
    const due = Math.ceil(exact / step) * step;
    this.cancel(key);
    this.#scheduled[priority].set(key, due);
    this.#arm(due);
  }

  /** Forgets what was scheduled for `key`, as when its object is gone. */
  cancel(key: string): void {
    this.#scheduled.normal.delete(key);
    this.#scheduled.low.delete(key);
  }

  /** Comes back to `key` after a failure, later each time. Gives the delay in milliseconds. */
  retry(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const { firstMs, mostMs } = this.#options.backoff;
    const delay = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30)) * (0.75 + Math.random() / 4);
    this.addAfter(key, delay, "normal");
    return delay;
  }

  /** Ends the back-off of `key`. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on, or undefined when the queue is closed. {@link done} must follow. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    const again = this.#working.get(key);
    this.#working.delete(key);
    if (again !== undefined) this.add(key, again);
    this.#tellRest();
  }

  /** Resolves when nothing waits and nothing is worked on, or the queue is closed. What is scheduled does not count. */
  atRest(): Promise<void> {
    return new Promise((resolve) => {
      this.#restWaiters.push(resolve);
      this.#tellRest();
    });
  }

  /** How many keys wait, by priority; scheduled ones apart. */
  depth(): Readonly<Record<Priority, number>> {
    return { normal: this.#ready.normal.size, low: this.#ready.low.size };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing is given out any more; waiting takers get undefined. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#tellRest();
  }

  #tellRest(): void {
    if (this.#restWaiters.length === 0) return;
    const { normal, low } = this.depth();
    if (!this.#closed && (normal > 0 || low > 0 || this.#working.size > 0)) return;
    for (const waiter of this.#restWaiters.splice(0)) waiter();
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const key = this.#ready.normal.next() ?? this.#ready.low.next();
      if (key === undefined) return;
      this.#working.set(key, undefined);
      this.#takers.shift()?.(key);
    }
  }

  /** One timer, for the earliest; the map is scanned when it fires, which at most happens every 10 ms. */
  #arm(due: number): void {
    if (due >= this.#timerDue) return;
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(10, due - this.#now()), 2 ** 31 - 1));
    this.#timer.unref();
  }

  #fire(): void {
    const now = this.#now();
    let next = Number.POSITIVE_INFINITY;
    this.#timerDue = Number.POSITIVE_INFINITY;
    for (const priority of ["normal", "low"] as const) {
      const scheduled = this.#scheduled[priority];
      for (const [key, due] of scheduled) {
        if (due <= now) {
          scheduled.delete(key);
          this.add(key, priority);
        } else if (due < next) next = due;
      }
    }
    if (Number.isFinite(next)) this.#arm(next);
  }

  #now(): number {
    return (this.#options.now?.() ?? Date.now()) - this.#began;
  }
}

/** Lines of keys, one a group, served in turn. */
class FairLine {
  readonly #groups = new Map<string, Set<string>>();
  size = 0;

  has(group: string, key: string): boolean {
    return this.#groups.get(group)?.has(key) === true;
  }

  add(group: string, key: string): void {
    const keys = this.#groups.get(group);
    if (keys === undefined) this.#groups.set(group, new Set([key]));
    else if (keys.has(key)) return;
    else keys.add(key);
    this.size += 1;
  }

  remove(group: string, key: string): void {
    const keys = this.#groups.get(group);
    if (keys?.delete(key) !== true) return;
    this.size -= 1;
    if (keys.size === 0) this.#groups.delete(group);
  }

  /** The oldest key of the group whose turn it is; that group then goes to the back. */
  next(): string | undefined {
    for (const [group, keys] of this.#groups) {
      for (const key of keys) {
        keys.delete(key);
        this.size -= 1;
        this.#groups.delete(group);
        if (keys.size > 0) this.#groups.set(group, keys);
        return key;
      }
    }
    return undefined;
  }
}
