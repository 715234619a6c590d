import type { Logger } from "#runtime/observe/log.ts";
import { agentCluster, isWorkload } from "../cluster-view/workloads.ts";
import { problemsOf } from "../mesh/check.ts";
import { keptFrom } from "../mesh/kept.ts";
import type { Mesh, ProxyClass } from "../mesh/mesh.ts";
import { servicesOf } from "../mesh/used-services.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { Compiler } from "../translate/compile.ts";
import { ResourcePool } from "../translate/resource-pool.ts";
import { translate } from "../translate/translate.ts";

const nothing = Snapshot.of([]);

/** Whether a class of proxies is made of what it was made of before: then it has what there is for it, or was refused it. */
function isSame(proxy: ProxyClass, mesh: Mesh, former: Mesh): boolean {
  return (
    former.proxies.get(proxy.name) === proxy &&
    former.denied === mesh.denied &&
    [...servicesOf(proxy)].every((name) => former.services.get(name) === mesh.services.get(name))
  );
}

/**
 * Serves each mesh that it is given. A class of proxies whose part of it cannot be served keeps what it had, and the log says
 * why. A Gateway's proxies hear of nothing more when it is gone; sidecars that are in the mesh no longer are told to serve
 * nothing, since who may call them is not said any more.
 */
export class Publisher {
  readonly #snapshots: SnapshotStore;
  readonly #log: Logger;
  readonly #compilers = new Map<string, Compiler>();
  readonly #pool = new ResourcePool();
  #former: Mesh | undefined;

  constructor(snapshots: SnapshotStore, log: Logger) {
    this.#snapshots = snapshots;
    this.#log = log;
  }

  publish(made: Mesh): void {
    const former = this.#former;
    const mesh = keptFrom(former, made);
    this.#former = mesh;
    for (const [name, proxy] of mesh.proxies) {
      if (former !== undefined && isSame(proxy, mesh, former)) continue;
      const findings = problemsOf(mesh, proxy);
      if (findings.length > 0) {
        this.#log.error({ proxy: name, findings }, "this class of proxies keeps what it had");
        continue;
      }
      const compiler = this.#compilers.get(name) ?? new Compiler({ bootstrapClusters: [agentCluster] }, this.#pool);
      this.#compilers.set(name, compiler);
      try {
        this.#snapshots.set(name, compiler.compile(translate(mesh, proxy)));
      } catch (error) {
        this.#log.error({ proxy: name, err: error }, "this class of proxies keeps what it had");
      }
    }
    for (const name of this.#compilers.keys()) {
      if (mesh.proxies.has(name)) continue;
      this.#compilers.delete(name);
      if (isWorkload(name)) this.serveNothing(name);
      else this.#snapshots.delete(name);
    }
  }

  /** Serves a class of proxies the empty configuration: no listener, no cluster. What it had is held no longer. */
  serveNothing(name: string): void {
    this.#snapshots.setAlone(name, nothing);
  }
}
