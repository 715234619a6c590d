import type { Server } from "#operator/api/generated/server.ts";

/**
 * Servers that were told that they fit into their Project's quota, for as long as they are there. Between the verdict and
 * the machine other passes run, and an older Server may arrive meanwhile: without this, both would take the same room.
 * It is lost with the process, which then sees the machines themselves.
 */
export class Admissions {
  readonly #uids = new Map<string, Set<string>>();

  has({ metadata }: Server): boolean {
    return this.#uids.get(metadata.namespace ?? "")?.has(metadata.uid) === true;
  }

  add({ metadata }: Server): void {
    const namespace = metadata.namespace ?? "";
    const uids = this.#uids.get(namespace);
    if (uids === undefined) this.#uids.set(namespace, new Set([metadata.uid]));
    else uids.add(metadata.uid);
  }

  /** The quota was lowered before its machine was made. */
  remove({ metadata }: Server): void {
    this.#uids.get(metadata.namespace ?? "")?.delete(metadata.uid);
  }

  /** Forgets all of a namespace that are not among `servers`. */
  keep(namespace: string, servers: readonly Server[]): void {
    const uids = this.#uids.get(namespace);
    if (uids === undefined) return;
    const there = new Set(servers.map(({ metadata }) => metadata.uid));
    for (const uid of uids) if (!there.has(uid)) uids.delete(uid);
    if (uids.size === 0) this.#uids.delete(namespace);
  }
}
