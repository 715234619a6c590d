import type { SpireServer } from "#operator/clients/spire/spire-server.ts";
import type { EntryFacts } from "./decide.ts";
import { type EntryOwner, isOwnedBy } from "./entry-id.ts";
import { register } from "./register.ts";

/** What others changed by hand is corrected at the next look after this time, milliseconds; less than a well Cloud's poll. */
const LOOK_AGAIN_MS = 45_000;

/** Registers owners' workloads with SPIRE's server, which is asked where something is to be decided, and else once in a while. */
export class Registrar {
  readonly #server: Pick<SpireServer, "use" | "expiry" | "rootOnDisk">;
  /** What of each owner was found or made as it is wanted, and until when that counts, milliseconds since 1970. */
  readonly #known = new Map<EntryOwner, { readonly wanted: string; readonly until: number }>();

  constructor(server: Pick<SpireServer, "use" | "expiry" | "rootOnDisk">) {
    this.#server = server;
  }

  get expiry(): Date | undefined {
    return this.#server.expiry;
  }

  get rootOnDisk(): boolean {
    return this.#server.rootOnDisk;
  }

  /**
   * @param facts with `afresh`, whether the server is asked whatever is known, as before what needs the entries is made
   * @throws SpireError
   */
  async register({ afresh, ...facts }: Omit<EntryFacts, "there"> & { readonly afresh: boolean }): Promise<void> {
    const { owner, now } = facts;
    const wanted = JSON.stringify(facts.wanted);
    const known = this.#known.get(owner);
    if (!afresh && known?.wanted === wanted && now.getTime() < known.until) return;
    // Until it is known again.
    this.#known.delete(owner);
    await this.#server.use((api) => register(api, facts));
    this.#known.set(owner, { wanted, until: now.getTime() + LOOK_AGAIN_MS });
  }

  /**
   * Takes all entries of an owner away at once.
   *
   * @throws SpireError
   */
  async forget(owner: EntryOwner): Promise<void> {
    this.#known.delete(owner);
    await this.#server.use(async (api) => {
      const held = await api.list();
      await api.delete(held.filter(({ id }) => isOwnedBy(owner, id)).map(({ id }) => id));
    });
  }
}
