import type { Logger } from "#runtime/observe/log.ts";
import { problemsOf } from "../mesh/check.ts";
import type { Mesh } from "../mesh/mesh.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import { Compiler } from "../translate/compile.ts";
import { translate } from "../translate/translate.ts";

/**
 * Serves each mesh that it is given. A class of proxies whose part of it cannot be served keeps what it had, and the log says
 * why; a class that is gone is served nothing new.
 */
export class Publisher {
  readonly #snapshots: SnapshotStore;
  readonly #log: Logger;
  readonly #compilers = new Map<string, Compiler>();

  constructor(snapshots: SnapshotStore, log: Logger) {
    this.#snapshots = snapshots;
    this.#log = log;
  }

  publish(mesh: Mesh): void {
    for (const [name, proxy] of mesh.proxies) {
      const findings = problemsOf(mesh, proxy);
      if (findings.length > 0) {
        this.#log.error({ proxy: name, findings }, "this class of proxies keeps what it had");
        continue;
      }
      const compiler = this.#compilers.get(name) ?? new Compiler();
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
      this.#snapshots.delete(name);
    }
  }
}
