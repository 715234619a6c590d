import type { ChangedNames, Snapshot } from "./snapshot.ts";

/** What happened to a group: its new snapshot, and what differs from the former one. */
export interface StoreChange {
  readonly group: string;
  readonly snapshot: Snapshot;
  /** Undefined where there was no snapshot before. */
  readonly changed: ChangedNames | undefined;
}

/** How many snapshots a group keeps beside the current one. */
const remembered = 5;

/**
 * What is served: a snapshot for each group of nodes. A group that has none gets no answers yet. The last few snapshots
 * are kept, so that one step back is one call.
 */
export class SnapshotStore {
  readonly #groups = new Map<string, readonly Snapshot[]>();
  readonly #listeners = new Set<(change: StoreChange) => void>();

  current(group: string): Snapshot | undefined {
    return this.#groups.get(group)?.at(-1);
  }

  /** The kept snapshots of a group, the current one last. */
  history(group: string): readonly Snapshot[] {
    return this.#groups.get(group) ?? [];
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()];
  }

  /** Serves a snapshot from now on. */
  set(group: string, snapshot: Snapshot): void {
    const history = this.history(group);
    if (history.at(-1) === snapshot) return;
    this.#replace(group, [...history, snapshot].slice(-(remembered + 1)));
  }

  /** Serves a snapshot from now on, and keeps no former one: there is nothing to go back to. */
  setAlone(group: string, snapshot: Snapshot): void {
    this.#replace(group, [snapshot]);
  }

  /**
   * Serves the former snapshot again, and forgets the current one.
   *
   * @throws Error where none is kept.
   */
  stepBack(group: string): Snapshot {
    const history = this.history(group).slice(0, -1);
    const former = history.at(-1);
    if (former === undefined) throw new Error(`group "${group}" has no former snapshot to go back to`);
    this.#replace(group, history);
    return former;
  }

  /** Forgets a group: its nodes keep what they have, and hear of nothing more. */
  delete(group: string): void {
    this.#groups.delete(group);
  }

  /** Calls `listener` after each change, until the function that is returned is called. */
  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #replace(group: string, history: readonly Snapshot[]): void {
    const former = this.current(group);
    const snapshot = history.at(-1);
    if (snapshot === undefined) return;
    this.#groups.set(group, history);
    const changed = former === undefined ? undefined : snapshot.changedSince(former);
    for (const listener of this.#listeners) listener({ group, snapshot, changed });
  }
}
