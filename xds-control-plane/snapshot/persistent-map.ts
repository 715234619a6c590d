/**
 * An immutable map whose copies are cheap: a large map that many copies share, and a small one with what differs. A
 * change copies the small one; when that has grown past the root of the large one's size, both are joined. So a change
 * of one among 10,000 costs microseconds, a lookup costs one or two of a native Map's, and copies share their memory
 * (docs/adr/0011 has the measurement).
 */
export class PersistentMap<V> {
  static readonly #nothing = new PersistentMap<never>(new Map<string, never>(), new Map(), 0);

  readonly #base: ReadonlyMap<string, V>;
  /** What differs from the base; `removed` stands for what is not there any more. */
  readonly #changes: ReadonlyMap<string, V | typeof removed>;
  readonly size: number;

  private constructor(base: ReadonlyMap<string, V>, changes: ReadonlyMap<string, V | typeof removed>, size: number) {
    this.#base = base;
    this.#changes = changes;
    this.size = size;
  }

  static empty<V>(): PersistentMap<V> {
    return PersistentMap.#nothing;
  }

  static of<V>(entries: Iterable<readonly [string, V]>): PersistentMap<V> {
    const base = new Map(entries);
    return base.size === 0 ? PersistentMap.empty() : new PersistentMap(base, new Map(), base.size);
  }

  get(key: string): V | undefined {
    const changed = this.#changes.get(key);
    if (changed === undefined) return this.#base.get(key);
    return changed === removed ? undefined : changed;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** A map with the entries set, and those whose value is undefined removed. */
  with(entries: Iterable<readonly [string, V | undefined]>): PersistentMap<V> {
    const changes = new Map(this.#changes);
    let size = this.size;
    for (const [key, value] of entries) {
      const had = changes.has(key) ? changes.get(key) !== removed : this.#base.has(key);
      size += (value === undefined ? 0 : 1) - (had ? 1 : 0);
      if (value !== undefined) changes.set(key, value);
      else if (this.#base.has(key)) changes.set(key, removed);
      else changes.delete(key);
    }
    if (size === 0) return PersistentMap.empty();
    if (changes.size * changes.size <= this.#base.size) return new PersistentMap(this.#base, changes, size);
    return new PersistentMap(joined(this.#base, changes), new Map(), size);
  }

  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): IterableIterator<[string, V]> {
    for (const [key, value] of this.#base) if (!this.#changes.has(key)) yield [key, value];
    for (const [key, value] of this.#changes) if (value !== removed) yield [key, value];
  }
}

const removed = Symbol("removed");

function joined<V>(
  base: ReadonlyMap<string, V>,
  changes: ReadonlyMap<string, V | typeof removed>,
): ReadonlyMap<string, V> {
  const all = new Map(base);
  for (const [key, value] of changes) {
    if (value === removed) all.delete(key);
    else all.set(key, value);
  }
  return all;
}
