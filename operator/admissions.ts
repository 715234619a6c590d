import type { KubeObject } from "#runtime/api/object.ts";

/**
 * Servers and Images that were told that they fit into their Project's quota, for as long as they are there. Between the
 * verdict and the machine or volume other passes run, and an older object may arrive meanwhile: without this, both would take the same room.
 * So there is one for all kinds that take of the same quota. It is lost with the process, which then sees machines and volumes themselves.
 */
export class Admissions {
  readonly #uids = new Map<string, Set<string>>();

  has({ metadata }: KubeObject): boolean {
    return this.#uids.get(metadata.namespace ?? "")?.has(metadata.uid) === true;
  }

  add({ metadata }: KubeObject): void {
    const namespace = metadata.namespace ?? "";
    const uids = this.#uids.get(namespace);
    if (uids === undefined) this.#uids.set(namespace, new Set([metadata.uid]));
    else uids.add(metadata.uid);
  }

  /** The quota was lowered before its machine or volume was made, or something that it needs is missing. */
  remove({ metadata }: KubeObject): void {
    this.#uids.get(metadata.namespace ?? "")?.delete(metadata.uid);
  }

  /** Forgets all of a namespace that are not among `objects`. */
  keep(namespace: string, objects: readonly KubeObject[]): void {
    const uids = this.#uids.get(namespace);
    if (uids === undefined) return;
    const there = new Set(objects.map(({ metadata }) => metadata.uid));
    for (const uid of uids) if (!there.has(uid)) uids.delete(uid);
    if (uids.size === 0) this.#uids.delete(namespace);
  }
}
