import { type KubeObject, keyOf, keyText, type ObjectKey } from "../api/object.ts";

/** One change of the store. `before` is absent for a new object, `after` for one that is gone. */
export interface Change<T extends KubeObject = KubeObject> {
  readonly before?: T;
  readonly after?: T;
  /** True for what the first list brought: not news, only not seen by this process yet. */
  readonly initial: boolean;
}

export type ChangeHandler = (change: Change) => void;

/** So many deletions are remembered: far more than can be under way at once. */
const DELETIONS_KEPT = 10_000;

interface Index {
  readonly keys: (object: KubeObject) => readonly string[];
  readonly entries: Map<string, Set<string>>;
}

/**
 * Objects of one kind by key, with indexes. Resource versions are compared as numbers (Kubernetes 1.35 declares them
 * comparable), so news that is older than what is held changes nothing: an object that our own write gave back stays
 * until the watch has caught up with it.
 */
export class Store {
  readonly #objects = new Map<string, KubeObject>();
  readonly #byNamespace = new Map<string, Set<string>>();
  readonly #indexes = new Map<string, Index>();
  readonly #handlers = new Set<ChangeHandler>();
  /** Versions of the last deletions: the answer to a write of ours may come after the news that the object is gone. */
  readonly #deleted = new Map<string, number>();

  onChange(handler: ChangeHandler): void {
    this.#handlers.add(handler);
  }

  /** Adds a named index; objects already held are indexed at once. */
  addIndex(name: string, keys: (object: KubeObject) => readonly string[]): void {
    const index: Index = { keys, entries: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) for (const entry of keys(object)) add(index.entries, entry, key);
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(keyText(key));
  }

  list(namespace?: string): readonly KubeObject[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return this.#resolve(this.#byNamespace.get(namespace));
  }

  byIndex(name: string, entry: string): readonly KubeObject[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`there is no index ${name}`);
    return this.#resolve(index.entries.get(entry));
  }

  get size(): number {
    return this.#objects.size;
  }

  /** Holds `object` unless what is held is as new. True where something changed. */
  upsert(object: KubeObject, initial = false): boolean {
    const key = keyText(keyOf(object));
    if (versionOf(object) <= (this.#deleted.get(key) ?? 0)) return false;
    const before = this.#objects.get(key);
    if (before !== undefined && before.metadata.uid === object.metadata.uid && versionOf(before) >= versionOf(object))
      return false;
    if (before !== undefined && before.metadata.uid !== object.metadata.uid && versionOf(before) > versionOf(object))
      return false;
    this.#unindex(key, before);
    this.#objects.set(key, object);
    const namespace = object.metadata.namespace;
    if (namespace !== undefined) add(this.#byNamespace, namespace, key);
    for (const index of this.#indexes.values()) for (const entry of index.keys(object)) add(index.entries, entry, key);
    this.#tell({ ...(before === undefined ? {} : { before }), after: object, initial });
    return true;
  }

  /** Forgets an object. `version` is that of its deletion: one made anew since then stays. */
  remove(key: ObjectKey, version: number): void {
    const text = keyText(key);
    this.#remember(text, version);
    const before = this.#objects.get(text);
    if (before === undefined || versionOf(before) > version) return;
    this.#unindex(text, before);
    this.#objects.delete(text);
    this.#tell({ before, initial: false });
  }

  /**
   * Makes the store equal to a list taken at `version`, within `namespace` where the list was of one namespace. What
   * is not listed is gone, except what we know to be newer than the list.
   */
  replace(objects: readonly KubeObject[], version: number, namespace?: string, initial = false): void {
    const listed = new Set(objects.map((object) => keyText(keyOf(object))));
    for (const object of this.list(namespace))
      if (!listed.has(keyText(keyOf(object)))) this.remove(keyOf(object), version);
    for (const object of objects) this.upsert(object, initial);
  }

  #remember(key: string, version: number): void {
    // A namespace that is no longer watched is forgotten, not deleted.
    if (!Number.isFinite(version)) return;
    const last = this.#deleted.get(key) ?? 0;
    this.#deleted.delete(key);
    this.#deleted.set(key, Math.max(last, version));
    if (this.#deleted.size <= DELETIONS_KEPT) return;
    for (const oldest of this.#deleted.keys()) {
      this.#deleted.delete(oldest);
      return;
    }
  }

  #resolve(keys: ReadonlySet<string> | undefined): readonly KubeObject[] {
    if (keys === undefined) return [];
    const found: KubeObject[] = [];
    for (const key of keys) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  #unindex(key: string, before: KubeObject | undefined): void {
    if (before === undefined) return;
    if (before.metadata.namespace !== undefined) drop(this.#byNamespace, before.metadata.namespace, key);
    for (const index of this.#indexes.values()) for (const entry of index.keys(before)) drop(index.entries, entry, key);
  }

  #tell(change: Change): void {
    for (const handler of this.#handlers) handler(change);
  }
}

export function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion);
}

function add(map: Map<string, Set<string>>, entry: string, key: string): void {
  const keys = map.get(entry);
  if (keys === undefined) map.set(entry, new Set([key]));
  else keys.add(key);
}

function drop(map: Map<string, Set<string>>, entry: string, key: string): void {
  const keys = map.get(entry);
  keys?.delete(key);
  if (keys?.size === 0) map.delete(entry);
}
