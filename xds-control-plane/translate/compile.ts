import type { Json, Resource } from "../snapshot/resource.ts";
import { type Change, Snapshot, type SnapshotOptions } from "../snapshot/snapshot.ts";
import { type Made, ResourcePool } from "./resource-pool.ts";
import { type TranslatedKind, type Translation, translatedKinds } from "./translate.ts";

/** Which field of a message holds its name. */
const nameFields: Readonly<Record<TranslatedKind, string>> = {
  cluster: "name",
  endpoint: "clusterName",
  secret: "name",
  extensionConfig: "name",
  listener: "name",
  route: "name",
};

/**
 * Makes snapshots of one class of proxies out of its translations, one after another. What did not change is not encoded
 * again, and keeps its bytes.
 */
export class Compiler {
  readonly #options: SnapshotOptions;
  readonly #pool: ResourcePool;
  #made: ReadonlyMap<string, Made> = new Map();
  #snapshot: Snapshot | undefined;

  /**
   * Clusters of the bootstrap (the SPIRE agent's) may be named.
   *
   * @param pool what is shared with other classes
   */
  constructor(options: SnapshotOptions = {}, pool = new ResourcePool()) {
    this.#options = options;
    this.#pool = pool;
  }

  /**
   * @throws InvalidResource, InconsistentSnapshot; the next call goes on from the last snapshot that was made.
   */
  compile(translation: Translation): Snapshot {
    const next = new Map<string, Made>();
    const put: Resource[] = [];
    for (const kind of translatedKinds) {
      for (const message of translation[kind]) {
        const key = `${kind}\0${nameOf(kind, message)}`;
        const text = JSON.stringify(message);
        const former = this.#made.get(key);
        if (former?.text === text) {
          next.set(key, former);
          continue;
        }
        const made = this.#pool.make(kind, message, text);
        put.push(made.resource);
        next.set(key, made);
      }
    }
    const gone = [...this.#made].filter(([key]) => !next.has(key));
    const change: Change = { put, remove: gone.map(([, { resource: former }]) => former) };
    const snapshot = this.#snapshot === undefined ? Snapshot.of(put, this.#options) : this.#snapshot.with(change);
    this.#made = next;
    this.#snapshot = snapshot;
    return snapshot;
  }
}

function nameOf(kind: TranslatedKind, message: Json): string {
  return String(message[nameFields[kind]]);
}
