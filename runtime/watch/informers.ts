import type { KubeObject, ObjectKey } from "../api/object.ts";
import { keyOf, keyText } from "../api/object.ts";
import { type Resource, resourceName } from "../api/resource.ts";
import { isApiError } from "../client/errors.ts";
import type { Transport } from "../client/transport.ts";
import { type CacheReader, NotSyncedError } from "./cache.ts";
import { NamespaceClaims } from "./namespace-claims.ts";
import { type WatchNotice, WatchNotices } from "./notices.ts";
import { reflect } from "./reflector.ts";
import { type ChangeHandler, Store } from "./store.ts";

/** Objects whose namespaces are watched: by a field that names one. */
export interface Within {
  readonly of: Resource;
  readonly namespace: (object: KubeObject) => string | undefined;
}

/**
 * How a kind is watched. All who watch it must agree on the selector, and on whether it is watched everywhere or in
 * namespaces; full objects win over metadata.
 */
export interface InformerOptions<T extends KubeObject = KubeObject> {
  readonly metadataOnly?: boolean;
  readonly labelSelector?: string;
  /** Only in the namespaces that these objects name. Several who say so watch in all of theirs. */
  readonly within?: Within;
  /** What is held of each object, for a program that needs little of objects that may be large. Pure. */
  readonly keep?: (object: T) => T;
}

/** Hears what is worth saying of the watches of a kind, which is named `servers.nephele.dev`. */
export type InformerObserver = (resource: string, notice: WatchNotice) => void;

interface Informer {
  readonly resource: Resource;
  options: Omit<InformerOptions, "within">;
  /** Empty: everywhere. One source for each kind that names namespaces. */
  readonly within: Within[];
  readonly store: Store;
  readonly notices: WatchNotices;
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
  need<T extends KubeObject>(resource: Resource<T>, options: InformerOptions<T> = {}): void {
    const name = resourceName(resource);
    const { within, ...own } = options as unknown as InformerOptions;
    const known = this.#informers.get(name);
    if (known === undefined) {
      const sources = within === undefined ? [] : [within];
      this.#informers.set(name, {
        resource,
        options: own,
        within: sources,
        store: new Store(),
        notices: new WatchNotices(),
        watches: new Map(),
        lastAlive: 0,
      });
      return;
    }
    const everywhere = known.within.length === 0;
    if (
      everywhere !== (within === undefined) ||
      known.options.labelSelector !== own.labelSelector ||
      known.options.keep !== own.keep
    ) {
      throw new Error(
        `two controllers watch ${name} in different ways: agree on namespaces, label selector and what is kept`,
      );
    }
    if (within !== undefined && !known.within.some(({ of }) => of === within.of)) known.within.push(within);
    if (known.options.metadataOnly === true && own.metadataOnly !== true)
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
      if (informer.within.length === 0) this.#open(informer, EVERYWHERE);
      else this.#followNamespaces(informer);
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
      .filter(([, informer]) => informer.within.length === 0 && informer.watches.get(EVERYWHERE)?.synced !== true)
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
    informer.store.upsert(informer.options.keep?.(object) ?? object);
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
    if (informer.within.length === 0) return informer.watches.get(EVERYWHERE)?.synced === true;
    if (namespace === undefined) return [...informer.watches.values()].every(({ synced }) => synced);
    return informer.watches.get(namespace)?.synced === true;
  }

  isForbidden(resource: Resource, namespace: string): boolean {
    return this.#informer(resource).notices.isForbidden(namespace) && !this.hasSynced(resource, namespace);
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
    const { resource, store, options, notices } = informer;
    if (this.#signal === undefined || informer.watches.has(namespace)) return;
    const stop = new AbortController();
    const kept = (object: KubeObject): KubeObject => options.keep?.(object) ?? object;
    const within = namespace === EVERYWHERE ? undefined : namespace;
    const say = (notice: WatchNotice | undefined): void => {
      if (notice !== undefined) this.#observer(resourceName(resource), notice);
    };
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
              store.replace(objects.map(kept), version, within, first);
              wake();
            },
            upsert: (object) => void store.upsert(kept(object)),
            remove: (object, version) => store.remove(keyOf(object), version),
          },
          onError: (error) => {
            say(notices.failed(error, within));
            if (!isApiError(error, "NotFound")) return;
            // Other kinds' controllers need not wait for a kind that is not installed; it is asked for again and again.
            // What is held already stays: an API server that has just started may say so for a moment.
            entry.synced = true;
            informer.lastAlive = Date.now();
            wake();
          },
          onAlive: () => {
            informer.lastAlive = Date.now();
            say(notices.answered(within));
          },
        },
        AbortSignal.any([this.#signal, stop.signal]),
      ),
    };
    informer.watches.set(namespace, entry);
  }

  /** Watches come and go with the namespaces that objects of other kinds name. */
  #followNamespaces(informer: Informer): void {
    const claims = new NamespaceClaims();
    for (const { of, namespace } of informer.within) {
      this.onChange(of, ({ before, after }) => {
        const owner = after ?? before;
        if (owner === undefined) return;
        const claimant = `${resourceName(of)} ${keyText(keyOf(owner))}`;
        const now = after === undefined ? undefined : namespace(after);
        const { opened, closed } = claims.claim(claimant, now);
        if (opened !== undefined) this.#open(informer, opened);
        if (closed === undefined) return;
        informer.watches.get(closed)?.stop.abort();
        informer.watches.delete(closed);
        informer.notices.closed(closed);
        informer.store.replace([], Number.POSITIVE_INFINITY, closed);
      });
    }
  }
}
