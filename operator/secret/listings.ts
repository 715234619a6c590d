import type { KeyManager, ListedSecret } from "./key-manager.ts";
import { LISTING_MAX_AGE_MS } from "./periods.ts";

/** A project's secrets by id, as Barbican listed them at one time. */
export interface Listing {
  readonly secrets: ReadonlyMap<string, ListedSecret>;
  readonly at: Date;
}

/**
 * The lists of all projects, one each, shared by the Secrets of a project: at rest one list of hundred secrets a page
 * stands for hundred reads. Who finds something wrong by it looks again, live, before doing anything.
 */
export class ProjectListings {
  readonly #listings = new Map<string, Listing & { readonly secrets: Map<string, ListedSecret> }>();
  readonly #underWay = new Map<string, Promise<Listing>>();

  /** The list of a project, at most `maxAgeMs` old. Askers at the same time share one call. */
  async get(projectId: string, keys: KeyManager, now: Date, maxAgeMs: number = LISTING_MAX_AGE_MS): Promise<Listing> {
    const known = this.#listings.get(projectId);
    if (known !== undefined && now.getTime() - known.at.getTime() <= maxAgeMs) return known;
    const running = this.#underWay.get(projectId);
    if (running !== undefined) return running;
    const loading = this.#load(projectId, keys, now).finally(() => this.#underWay.delete(projectId));
    this.#underWay.set(projectId, loading);
    return loading;
  }

  /**
   * Takes in what was changed of a secret in Barbican, so that the list does not have the next passes change it again. A list
   * that lacks the secret is older than it, and is left.
   */
  amend(projectId: string, secret: ListedSecret): void {
    const secrets = this.#listings.get(projectId)?.secrets;
    if (secrets?.has(secret.id) === true) secrets.set(secret.id, secret);
  }

  async #load(projectId: string, keys: KeyManager, now: Date): Promise<Listing> {
    const listed = await keys.list();
    const listing = { secrets: new Map(listed.map((secret) => [secret.id, secret])), at: now };
    this.#forgetOld(now);
    this.#listings.set(projectId, listing);
    return listing;
  }

  /** Projects that are not asked about any more leave nothing behind. */
  #forgetOld(now: Date): void {
    for (const [projectId, { at }] of this.#listings) {
      if (now.getTime() - at.getTime() > LISTING_MAX_AGE_MS) this.#listings.delete(projectId);
    }
  }
}
