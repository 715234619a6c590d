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
  /** Most entries lead to one object, which then stands by itself: a Set takes 200 bytes. */
  readonly entries: Map<string, KubeObject | Set<KubeObject>>;
}

/** Where objects of cluster-scoped kinds stand. */
const NO_NAMESPACE = "";

/**
 * Objects of one kind by namespace and name, with indexes. Resource versions are compared as numbers (Kubernetes 1.35
 * declares them comparable), so news that is older than what is held changes nothing: an object that our own write gave
 * back stays until the watch has caught up with it.
 */
export class Store {
  readonly #namespaces = new Map<string, Map<string, KubeObject>>();
  #size = 0;
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
    for (const object of this.list()) addTo(index, object);
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#namespaces.get(key.namespace ?? NO_NAMESPACE)?.get(key.name);
  }

  list(namespace?: string): readonly KubeObject[] {
    if (namespace !== undefined) return [...(this.#namespaces.get(namespace)?.values() ?? [])];
    return [...this.#namespaces.values()].flatMap((objects) => [...objects.values()]);
  }

  byIndex(name: string, entry: string): readonly KubeObject[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`there is no index ${name}`);
    const found = index.entries.get(entry);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }

  get size(): number {
    return this.#size;
  }

  /** Holds `object` unless what is held is as new. True where something changed. */
  upsert(object: KubeObject, initial = false): boolean {
    const { namespace = NO_NAMESPACE, name } = object.metadata;
    const deleted = this.#deleted.size === 0 ? undefined : this.#deleted.get(keyText(keyOf(object)));
    if (versionOf(object) <= (deleted ?? 0)) return false;
    let objects = this.#namespaces.get(namespace);
    const before = objects?.get(name);
    if (before !== undefined && before.metadata.uid === object.metadata.uid && versionOf(before) >= versionOf(object))
      return false;
    if (before !== undefined && before.metadata.uid !== object.metadata.uid && versionOf(before) > versionOf(object))
      return false;
    if (before === undefined) this.#size += 1;
    else this.#unindex(before);
    if (objects === undefined) {
      objects = new Map();
      this.#namespaces.set(namespace, objects);
    }
    objects.set(name, object);
    for (const index of this.#indexes.values()) addTo(index, object);
    this.#tell({ ...(before === undefined ? {} : { before }), after: object, initial });
    return true;
  }

  /** Forgets an object. `version` is that of its deletion: one made anew since then stays. */
  remove(key: ObjectKey, version: number): void {
    this.#remember(keyText(key), version);
    const namespace = key.namespace ?? NO_NAMESPACE;
    const objects = this.#namespaces.get(namespace);
    const before = objects?.get(key.name);
    if (objects === undefined || before === undefined || versionOf(before) > version) return;
    this.#unindex(before);
    objects.delete(key.name);
    if (objects.size === 0) this.#namespaces.delete(namespace);
    this.#size -= 1;
    this.#tell({ before, initial: false });
  }

  /**
   * Makes the store equal to a list taken at `version`, within `namespace` where the list was of one namespace. What
   * is not listed is gone, except what we know to be newer than the list.
   */
  replace(objects: readonly KubeObject[], version: number, namespace?: string, initial = false): void {
    const held = this.list(namespace);
    if (held.length > 0) {
      const listed = new Set(objects.map((object) => keyText(keyOf(object))));
      for (const object of held) if (!listed.has(keyText(keyOf(object)))) this.remove(keyOf(object), version);
    }
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

  #unindex(before: KubeObject): void {
    for (const index of this.#indexes.values()) dropFrom(index, before);
  }

  #tell(change: Change): void {
    for (const handler of this.#handlers) handler(change);
  }
}

export function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion);
}

function addTo({ keys, entries }: Index, object: KubeObject): void {
  for (const entry of keys(object)) {
    const held = entries.get(entry);
    if (held === undefined) entries.set(entry, object);
    else if (held instanceof Set) held.add(object);
    else if (held !== object) entries.set(entry, new Set([held, object]));
  }
}

function dropFrom({ keys, entries }: Index, object: KubeObject): void {
  for (const entry of keys(object)) {
    const held = entries.get(entry);
    if (held === object) entries.delete(entry);
    else if (held instanceof Set && held.delete(object) && held.size === 0) entries.delete(entry);
  }
}
