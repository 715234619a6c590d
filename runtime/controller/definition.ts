import type { NewCondition } from "../api/conditions.ts";
import type { KubeObject, ObjectKey } from "../api/object.ts";
import type { Resource } from "../api/resource.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Logger } from "../observe/log.ts";
import type { CacheReader } from "../watch/cache.ts";
import type { Dependency } from "./dependency.ts";
import type { Outcome } from "./outcome.ts";

/** One concern of one kind. Steps run in order, and the first that is not settled ends the pass. */
export type Step<Scope> = (scope: Scope, signal: AbortSignal) => Promise<Outcome>;

/** What the runtime gives to each pass. */
export interface ReconcileContext<T extends KubeObject> {
  /** The object as the cache has it, never older than our own last write to it. */
  readonly object: T;
  /** Writes and live reads. Events, counts and the read-your-own-write guard hang on it. */
  readonly kube: KubeClient;
  /** Reads of the kinds that the controller watches. */
  readonly cache: CacheReader;
  /** The time of this pass. */
  readonly now: Date;
  readonly log: Logger;
  /** Names this pass in logs and, as `req-<uuid>`, in requests to other services. */
  readonly reconcileId: string;
  /** `nephele.dev/<controller>/<concern>`. */
  readonly fieldOwner: (concern: string) => string;
  /** Says something that a person would ask about. The same event again is counted, not repeated. */
  readonly event: (type: "Normal" | "Warning", reason: string, message: string) => void;
  /**
   * What the object depends on, by the declared dependency: all there and ready, or the outcome that says which is
   * missing. A guarded dependency gets its finalizer here, the moment before it is used.
   */
  require<D extends KubeObject>(
    dependency: Dependency<T, D>,
  ): Promise<
    { readonly ready: true; readonly objects: readonly D[] } | { readonly ready: false; readonly outcome: Outcome }
  >;
  /** Keys of the objects of `dependency.from` that depend on the object `on`. */
  referrers<F extends KubeObject, D extends KubeObject>(dependency: Dependency<F, D>, on: ObjectKey): readonly F[];
}

/** Wakes objects of the controller's kind when something of another kind changes. */
export interface WatchDefinition<D extends KubeObject = KubeObject> {
  readonly resource: Resource<D>;
  /** The keys to look at, given the changed object and the cache. */
  readonly wakes: (changed: D, cache: CacheReader) => readonly ObjectKey[];
  /** Watch no more than metadata: for other people's big kinds. */
  readonly metadataOnly?: boolean;
  readonly labelSelector?: string;
  /** What the cache holds of each object: for other people's big kinds of which little is read. Pure. */
  readonly keep?: (object: D) => D;
  /** Watch only in these namespaces, which come and go with the objects of `of`. */
  readonly within?: NamespaceSource;
}

/** Namespaces that objects of a cluster-scoped kind name, as a Project names its own. */
export interface NamespaceSource<O extends KubeObject = KubeObject> {
  readonly of: Resource<O>;
  readonly namespace: (object: O) => string | undefined;
}

/** Named look-ups over a kind in the cache: from an object to the index keys under which it is found. */
export interface IndexDefinition<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly name: string;
  readonly keys: (object: T) => readonly string[];
}

export interface ControllerDefinition<T extends KubeObject, Scope> {
  /** One word; in field owners, metrics, logs and the `--controllers` flag. */
  readonly name: string;
  readonly reconciles: Resource<T>;
  readonly watches?: readonly WatchDefinition[];
  readonly indexes?: readonly IndexDefinition[];
  readonly dependencies?: readonly Dependency<T, KubeObject>[];
  /** The bag that the steps of one pass share; each field says in its docstring when it is set. */
  readonly scope: (context: ReconcileContext<T>) => Scope;
  readonly steps: readonly Step<Scope>[];
  /** What to undo, in order, when the object is being deleted; then the finalizer goes. */
  readonly cleanup?: readonly Step<Scope>[];
  /**
   * Whether this object needs the finalizer: there is something outside that its deletion must wait for.
   * Default: always where there is a `cleanup`.
   */
  readonly needsFinalizer?: (object: T) => boolean;
  /**
   * The status to write, without the conditions that the runtime sets from the outcome (Ready, Reconciling, Stalled)
   * and without observedGeneration. Undefined leaves all but the conditions as they are. Pure.
   */
  readonly status?: (
    scope: Scope,
    outcome: Outcome | { readonly kind: "failed"; readonly error: Error },
  ) => StatusReport<T>;
  /** Whether an object is looked at although it is paused: what an administrator says elsewhere outweighs its owner. */
  readonly evenPaused?: (object: T, cache: CacheReader) => boolean;
  /** Runs its steps on objects in every state, deleted ones too, and writes neither finalizer nor status. */
  readonly observesOnly?: boolean;
  /** Reconciles at once. Default 4. */
  readonly workers?: number;
}

export interface StatusReport<T extends KubeObject> {
  /** All fields of the status but conditions and observedGeneration; replaces what was there. */
  readonly fields: Omit<NonNullable<T["status"]>, "conditions" | "observedGeneration">;
  /** The kind's own conditions, all of them on every pass. */
  readonly conditions?: readonly NewCondition[];
}

/** A definition whose scope type is forgotten, so that controllers of all kinds fit one list. */
export type Controller = ControllerDefinition<KubeObject, unknown>;

/** Checks a definition's types and lets it join the one list of controllers. */
export function defineController<T extends KubeObject, Scope>(definition: ControllerDefinition<T, Scope>): Controller {
  return definition as unknown as Controller;
}

/** A watch whose `wakes` is typed by its resource. */
export function watch<D extends KubeObject>(
  resource: Resource<D>,
  wakes: WatchDefinition<D>["wakes"],
  options: Omit<WatchDefinition<D>, "resource" | "wakes"> = {},
): WatchDefinition {
  return { resource, wakes, ...options } as unknown as WatchDefinition;
}

export function index<T extends KubeObject>(
  resource: Resource<T>,
  name: string,
  keys: (object: T) => readonly string[],
): IndexDefinition {
  return { resource, name, keys } as unknown as IndexDefinition;
}
