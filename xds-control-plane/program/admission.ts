import type { TrustDomain } from "#spiffe/spiffe-id.ts";
import { isWorkload } from "../cluster-view/workloads.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { type Admit, type Client, Refusal } from "../server/client.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { admitBySvid } from "./proxy-identity.ts";
import type { Publisher } from "./publisher.ts";

/**
 * Lets proxies in, each to the class that its node's id says. Sidecars whose class is not in the mesh are served nothing: their
 * pod is there before its Service or a policy, or still there after them, with callers that nobody names any more.
 */
export class Admission {
  readonly #snapshots: SnapshotStore;
  readonly #publisher: Publisher;
  /** Undefined without identities: then all who reach this machine's socket are one trust, and there are no sidecars. */
  readonly #bySvid: Admit | undefined;
  #mesh: Mesh | undefined;
  /** Classes of sidecars that were asked for before there was a mesh, and are served nothing yet, not even that. */
  readonly #waiting = new Set<string>();

  constructor(domain: TrustDomain | undefined, snapshots: SnapshotStore, publisher: Publisher) {
    this.#snapshots = snapshots;
    this.#publisher = publisher;
    this.#bySvid = domain && admitBySvid(domain, () => this.#mesh);
  }

  /** @throws Refusal */
  admit(client: Client): string {
    const name = client.node.id;
    this.#bySvid?.(client);
    const isSidecar = this.#bySvid !== undefined && isWorkload(name);
    if (this.#mesh === undefined) {
      // Everybody waits.
      if (isSidecar) this.#waiting.add(name);
      return name;
    }
    if (this.#snapshots.current(name) !== undefined) return name;
    if (!isSidecar) throw new Refusal(`there is no class of proxies "${name}"`);
    // It goes on with what another replica, or this one before it was started anew, sent.
    if (this.#mesh.proxies.has(name)) throw new Refusal(`the class "${name}" cannot be served as it is now`);
    this.#publisher.serveNothing(name);
    return name;
  }

  /** The mesh that is published now. */
  published(mesh: Mesh): void {
    this.#mesh = mesh;
    for (const name of this.#waiting) {
      const isServed = this.#snapshots.current(name) !== undefined;
      // One that cannot be served as it is now may be gone with the next mesh, and nobody else would tell its proxies.
      if (!isServed && mesh.proxies.has(name)) continue;
      if (!isServed) this.#publisher.serveNothing(name);
      this.#waiting.delete(name);
    }
  }
}
