import type { Desired, KubeObject, ObjectKey } from "../api/object.ts";
import type { Resource } from "../api/resource.ts";

/** Who applies: one owner per concern, `nephele.dev/<controller>/<concern>`, so that owners never fight. */
export interface ApplyOptions {
  readonly fieldOwner: string;
  /** Take over fields of other owners. Off by default: a conflict is then a `Conflict` error that names the owner. */
  readonly force?: boolean;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface DeleteOptions {
  /** Delete only if the object still has this UID; protects one that took its name since. */
  readonly uid?: string;
  /** Delete only if nothing changed since it was read. */
  readonly resourceVersion?: string;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
}

/**
 * The API server as controllers see it. Reads through the client are live; reads of watched kinds belong to the cache.
 * Every method throws {@link ApiError} for an answer that is not a success, except where it says otherwise.
 */
export interface KubeClient {
  /** The object, or undefined where there is none. */
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined>;
  /** All objects that match, read in pages. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<readonly T[]>;
  /** Creates, and fails with `AlreadyExists` where the name is taken. For what must not be taken over. */
  create<T extends KubeObject>(resource: Resource<T>, object: Desired): Promise<T>;
  /** Server-side apply: creates or merges; fields that this owner applied before and now leaves out are removed. */
  apply<T extends KubeObject>(resource: Resource<T>, object: Desired, options: ApplyOptions): Promise<T>;
  /** Server-side apply of the status subresource. */
  applyStatus<T extends KubeObject>(resource: Resource<T>, object: Desired, options: ApplyOptions): Promise<T>;
  /** A JSON merge patch (RFC 7386), for the few things that apply cannot say. Undefined where there is no object. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: unknown,
    subresource?: string,
  ): Promise<T | undefined>;
  /** True where there was something to delete. */
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<boolean>;
  /**
   * A verb on a subresource, such as KubeVirt's `pause`; the answer's body is not read.
   * `group` replaces the resource's group where a subresource is served by another, as `subresources.kubevirt.io`.
   */
  invoke(
    resource: Resource,
    key: ObjectKey,
    subresource: string,
    body?: unknown,
    options?: { readonly group?: string; readonly version?: string },
  ): Promise<void>;
}
