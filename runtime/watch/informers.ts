import type { KubeObject, ObjectKey } from "../api/object.ts";
import { keyOf, keyText } from "../api/object.ts";
import { type Resource, resourceName } from "../api/resource.ts";
import type { Transport } from "../client/transport.ts";
import { type CacheReader, NotSyncedError } from "./cache.ts";
import { reflect } from "./reflector.ts";
import { type ChangeHandler, Store } from "./store.ts";

/** How a kind is watched. All who watch it must agree; full objects win over metadata. */
export interface InformerOptions {
  readonly metadataOnly?: boolean;
  readonly labelSelector?: string;
  readonly within?: { readonly of: Resource; readonly namespace: (object: KubeObject) => string | undefined };
}

export interface InformerObserver {
  onError(resource: string, error: Error): void;
}

interface Informer {
  readonly resource: Resource;
  options: InformerOptions;
  readonly store: Store;
  /** Running watches by namespace; "" is the whole cluster. */
  readonly watches: Map<string, { readonly stop: AbortController; synced: boolean; readonly done: Promise<void> }>;
  lastAlive: number;
}

const EVERYWHERE = "";

/** One shared watch per kind for all controllers of the process, and the cache that the watches fill. */
export class Informers implements CacheReader {
  readonly #transport: Transport;
  readonly #observer: InformerObserver;
  readonly #informers = new Map<string, Informer>();
  readonly #syncWaiters = new Set<() => void>();
  #signal: AbortSignal | undefined;

  constructor(transport: Transport, observer: InformerObserver) {
    this.#transport = transport;
    this.#observer = observer;
  }

  /** Declares that a kind is watched. To be called before {@link start}. */
  need(resource: Resource, options: InformerOptions = {}): void {
    const name = resourceName(resource);
    const known = this.#informers.get(name);
    if (known === undefined) {
      const watches: Informer["watches"] = new Map();
      this.#informers.set(name, { resource, options, store: new Store(), watches, lastAlive: 0 });
      return;
    }
    const { within, labelSelector, metadataOnly } = known.options;
    if (within?.of !== options.within?.of || labelSelector !== options.labelSelector) {
      throw new Error(`two controllers watch ${name} in different ways: agree on namespaces and label selector`);
    }
    if (metadataOnly === true && options.metadataOnly !== true)
      known.options = { ...known.options, metadataOnly: false };
  }

  /** Whether a kind is declared already, in whatever way. */
  watches(resource: Resource): boolean {
    return this.#informers.has(resourceName(resource));
  }

  addIndex(resource: Resource, name: string, keys: (object: KubeObject) => readonly string[]): void {
    this.#informer(resource).store.addIndex(name, keys);
  }

  onChange(resource: Resource, handler: ChangeHandler): void {
    this.#informer(resource).store.onChange(handler);
  }

  /** Starts all watches; they run until the signal ends them. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    for (const informer of this.#informers.values()) {
      if (informer.options.within === undefined) this.#open(informer, EVERYWHERE);
      else this.#followNamespaces(informer, informer.options.within);
    }
  }

  /** Resolves when every cluster-wide kind has had its first list. */
  async synced(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.unsynced().length > 0) {
      await new Promise<void>((resolve) => {
        this.#syncWaiters.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Kinds whose first list is still awaited, for readiness and its message. */
  unsynced(): readonly string[] {
    return [...this.#informers]
      .filter(
        ([, informer]) => informer.options.within === undefined && informer.watches.get(EVERYWHERE)?.synced !== true,
      )
      .map(([name]) => name);
  }

  /** Seconds since each kind's watch last heard from the API server. */
  ages(now: number): ReadonlyMap<string, number> {
    return new Map([...this.#informers].map(([name, informer]) => [name, (now - informer.lastAlive) / 1000]));
  }

  /** How many objects are held, by kind. */
  sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#informers].map(([name, informer]) => [name, informer.store.size]));
  }

  /** Takes in what a write of ours gave back, before the watch tells it. Kinds not watched are ignored. */
  absorb(resource: Resource, object: KubeObject): void {
    const informer = this.#informers.get(resourceName(resource));
    if (informer === undefined || informer.options.metadataOnly === true) return;
    // A namespace whose first list is on its way will bring the object itself.
    if (!this.hasSynced(resource, object.metadata.namespace)) return;
    informer.store.upsert(object);
  }

  async stopped(): Promise<void> {
    await Promise.all(
      [...this.#informers.values()].flatMap(({ watches }) => [...watches.values()].map(({ done }) => done)),
    );
  }

  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined {
    return this.#read(resource, key.namespace).get(key) as T | undefined;
  }

  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[] {
    return this.#read(resource, namespace).list(namespace) as readonly T[];
  }

  byIndex<T extends KubeObject>(resource: Resource<T>, indexName: string, key: string): readonly T[] {
    return this.#read(resource, undefined).byIndex(indexName, key) as readonly T[];
  }

  hasSynced(resource: Resource, namespace?: string): boolean {
    const informer = this.#informer(resource);
    if (informer.options.within === undefined) return informer.watches.get(EVERYWHERE)?.synced === true;
    if (namespace === undefined) return [...informer.watches.values()].every(({ synced }) => synced);
    return informer.watches.get(namespace)?.synced === true;
  }

  #read(resource: Resource, namespace: string | undefined): Store {
    if (!this.hasSynced(resource, namespace)) {
      const where = namespace === undefined ? "" : ` in ${namespace}`;
      throw new NotSyncedError(`${resourceName(resource)}${where} not listed yet`);
    }
    return this.#informer(resource).store;
  }

  #informer(resource: Resource): Informer {
    const informer = this.#informers.get(resourceName(resource));
    if (informer === undefined)
      throw new Error(`${resourceName(resource)} is not watched: declare it in the controller's watches`);
    return informer;
  }

  #open(informer: Informer, namespace: string): void {
    const { resource, store, options } = informer;
    if (this.#signal === undefined || informer.watches.has(namespace)) return;
    const stop = new AbortController();
    const within = namespace === EVERYWHERE ? undefined : namespace;
    const wake = (): void => {
      for (const waiter of this.#syncWaiters) waiter();
      this.#syncWaiters.clear();
    };
    const entry = {
      stop,
      synced: false,
      done: reflect(
        this.#transport,
        {
          resource,
          ...(within === undefined ? {} : { namespace: within }),
          ...(options.metadataOnly === undefined ? {} : { metadataOnly: options.metadataOnly }),
          ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
          sink: {
            replace: (objects, version) => {
              const first = !entry.synced;
              entry.synced = true;
              store.replace(objects, version, within, first);
              wake();
            },
            upsert: (object) => void store.upsert(object),
            remove: (object, version) => store.remove(keyOf(object), version),
          },
          // Other kinds' controllers need not wait for a kind that is not installed; it is asked for again and again.
          // What is held already stays: an API server that has just started may say so for a moment.
          onAbsent: () => {
            entry.synced = true;
            wake();
          },
          onError: (error) => this.#observer.onError(resourceName(resource), error),
          onAlive: () => {
            informer.lastAlive = Date.now();
          },
        },
        AbortSignal.any([this.#signal, stop.signal]),
      ),
    };
    informer.watches.set(namespace, entry);
  }

  /** Watches come and go with the namespaces that objects of another kind name. */
  #followNamespaces(informer: Informer, within: NonNullable<InformerOptions["within"]>): void {
    const wanted = new Map<string, string>();
    this.onChange(within.of, ({ before, after }) => {
      const named = (object: KubeObject | undefined): string | undefined =>
        object === undefined ? undefined : within.namespace(object);
      const owner = after ?? before;
      if (owner === undefined) return;
      const [old, now] = [named(before), named(after)];
      if (now !== undefined) {
        wanted.set(now, keyText(keyOf(owner)));
        this.#open(informer, now);
      }
      if (old !== undefined && old !== now && wanted.get(old) === keyText(keyOf(owner))) {
        wanted.delete(old);
        informer.watches.get(old)?.stop.abort();
        informer.watches.delete(old);
        informer.store.replace([], Number.POSITIVE_INFINITY, old);
      }
    });
  }
}
