/** A map that holds at most `limit` entries: the one that was not used for longest goes first. */
export interface Lru<K, V> {
  /** The entry of a key, made where there is none. */
  getOrMake(key: K, make: () => V): V;
  readonly size: number;
}

export function createLru<K, V>(limit: number): Lru<K, V> {
  // A Map keeps the order of insertion; what is used is inserted again, so the first key is the oldest.
  const entries = new Map<K, V>();
  return {
    getOrMake: (key, make) => {
      const found = entries.get(key) ?? make();
      entries.delete(key);
      entries.set(key, found);
      for (const oldest of entries.keys()) {
        if (entries.size <= limit) break;
        entries.delete(oldest);
      }
      return found;
    },
    get size() {
      return entries.size;
    },
  };
}
