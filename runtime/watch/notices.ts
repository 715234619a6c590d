import { isApiError } from "../client/errors.ts";

/** Something about a kind's watches that is worth saying. */
export type WatchNotice =
  /** The API server does not serve the kind: its CRD is not installed, or not yet. What holds it asks again and again. */
  | { readonly kind: "absent"; readonly reason: string }
  /** It serves a kind that was absent. */
  | { readonly kind: "served" }
  /** A namespace may not be read: rights there come by a RoleBinding that takes a moment to be known, and go with it. */
  | { readonly kind: "forbidden"; readonly reason: string }
  /** All else; the watch is opened again. */
  | { readonly kind: "failed"; readonly error: Error };

/**
 * What is said of the watches of one kind, and when. A state that lasts is said once when it begins and, where somebody
 * waits for its end, once when it ends; a failure is said each time.
 */
export class WatchNotices {
  #isAbsent = false;
  readonly #forbidden = new Set<string>();

  /** A watch failed; `namespace` is undefined for one of the whole cluster. */
  failed(error: Error, namespace: string | undefined): WatchNotice | undefined {
    if (isApiError(error, "NotFound")) {
      if (this.#isAbsent) return undefined;
      this.#isAbsent = true;
      return { kind: "absent", reason: error.message };
    }
    // A kind that comes is throttled until its storage has started: it is not served yet.
    if (this.#isAbsent && isApiError(error, "TooManyRequests")) return undefined;
    if (namespace !== undefined && isApiError(error, "Forbidden")) {
      if (this.#forbidden.has(namespace)) return undefined;
      this.#forbidden.add(namespace);
      return { kind: "forbidden", reason: error.message };
    }
    return { kind: "failed", error };
  }

  /** The API server answered a watch with objects, or with a sign that it goes on. */
  answered(namespace: string | undefined): WatchNotice | undefined {
    if (namespace !== undefined) this.#forbidden.delete(namespace);
    if (!this.#isAbsent) return undefined;
    this.#isAbsent = false;
    return { kind: "served" };
  }

  /** Whether the last that was heard of a namespace is that it may not be read. */
  isForbidden(namespace: string): boolean {
    return this.#forbidden.has(namespace);
  }

  /** A namespace is watched no more. */
  closed(namespace: string): void {
    this.#forbidden.delete(namespace);
  }
}
