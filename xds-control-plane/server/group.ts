import type { Kind } from "../proto/kinds.ts";
import type { ChangedNames, Snapshot } from "../snapshot/snapshot.ts";

/** Who is told of a group's snapshots: a stream. */
interface Adopter {
  adopt(snapshot: Snapshot, changed: ChangedNames | undefined): void;
}

/** How changes are gathered before they are pushed, milliseconds. */
export interface Debounce {
  /** After a quiet time: a change goes out so soon, with what comes at the same moment. */
  readonly quietMs: number;
  /** From push to push while changes keep coming; what comes between is merged. */
  readonly busyMs: number;
}

export const defaultDebounce: Debounce = { quietMs: 2, busyMs: 100 };

/**
 * For so long streams are pushed to before what has arrived meanwhile gets its turn, milliseconds. Taking in what the first
 * acknowledge costs as much as telling the others: those are told first, as far as nobody waits too long for it.
 */
const sliceMs = 50;

/** The streams of one group, and the snapshot that they have. Changes are merged, and pushed to all in turn. */
export class Group {
  readonly #debounce: Debounce;
  readonly #onPushed: (kinds: readonly Kind[], streams: number, afterMs: number) => void;
  readonly streams = new Set<Adopter>();
  /** What every stream has, or is being given at this moment. */
  #delivered: Snapshot | undefined;
  #next:
    | { readonly snapshot: Snapshot; readonly changed: ChangedNames | undefined; readonly since: number }
    | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isPushing = false;
  #pushedAt = Number.NEGATIVE_INFINITY;

  constructor(debounce: Debounce, onPushed: (kinds: readonly Kind[], streams: number, afterMs: number) => void) {
    this.#debounce = debounce;
    this.#onPushed = onPushed;
  }

  get delivered(): Snapshot | undefined {
    return this.#delivered;
  }

  /** A snapshot to push; `changed` is what differs from the last one given here. */
  offer(snapshot: Snapshot, changed: ChangedNames | undefined): void {
    const former = this.#next;
    const isFirst = this.#delivered === undefined && former === undefined;
    this.#next = {
      snapshot,
      changed: former === undefined ? changed : merged(former.changed, changed),
      since: former?.since ?? performance.now(),
    };
    // Clients that wait for the first one are not made to wait longer.
    if (isFirst) this.#push();
    else this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isPushing) return;
    const { quietMs, busyMs } = this.#debounce;
    const wait = Math.max(quietMs, busyMs - (performance.now() - this.#pushedAt));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#push();
    }, wait);
  }

  #push(): void {
    const next = this.#next;
    if (next === undefined || this.#isPushing) return;
    this.#next = undefined;
    this.#isPushing = true;
    this.#pushedAt = performance.now();
    this.#delivered = next.snapshot;
    const streams = [...this.streams];
    const some = (from: number): void => {
      const until = performance.now() + sliceMs;
      let at = from;
      do streams[at]?.adopt(next.snapshot, next.changed);
      while (++at < streams.length && performance.now() < until);
      if (at < streams.length) {
        setImmediate(some, at);
        return;
      }
      this.#isPushing = false;
      this.#onPushed([...(next.changed?.keys() ?? [])], streams.length, performance.now() - next.since);
      if (this.#next !== undefined) this.#schedule();
    };
    some(0);
  }
}

function merged(some: ChangedNames | undefined, others: ChangedNames | undefined): ChangedNames | undefined {
  if (some === undefined || others === undefined) return undefined;
  const all = new Map(some);
  for (const [kind, names] of others) all.set(kind, all.get(kind)?.union(names) ?? names);
  return all;
}
