import { SpireError } from "#operator/clients/spire/spire-error.ts";
import type { SpireServer } from "#operator/clients/spire/spire-server.ts";
import type { EntryFacts } from "./decide.ts";
import { type EntryOwner, isOwnedBy } from "./entry-id.ts";
import { register } from "./register.ts";

/** What others changed by hand is corrected at the next look after this time, milliseconds; less than a well Cloud's poll. */
const LOOK_AGAIN_MS = 45_000;
/**
 * A server that does not answer takes seconds to say so: passes between two polls of a Cloud that is not well are told what was
 * found last, milliseconds.
 */
const TRY_AGAIN_MS = 10_000;

/** What was found of an owner's entries. */
interface Known {
  readonly wanted: string;
  /** Undefined: they are as they are wanted. */
  readonly problem: SpireError | undefined;
  /** Until when that counts, milliseconds since 1970. */
  readonly until: number;
}

/** Registers owners' workloads with SPIRE's server, which is asked where something is to be decided, and else once in a while. */
export class Registrar {
  readonly #server: Pick<SpireServer, "use" | "expiry" | "rootOnDisk">;
  readonly #known = new Map<EntryOwner, Known>();

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
    let known = this.#known.get(owner);
    if (afresh || known?.wanted !== wanted || now.getTime() >= known.until) {
      this.#known.delete(owner);
      const problem = await this.#problemOf(facts);
      const again = problem === undefined ? LOOK_AGAIN_MS : TRY_AGAIN_MS;
      known = { wanted, problem, until: now.getTime() + again };
      this.#known.set(owner, known);
    }
    if (known.problem !== undefined) throw known.problem;
  }

  async #problemOf(facts: Omit<EntryFacts, "there">): Promise<SpireError | undefined> {
    try {
      await this.#server.use((api) => register(api, facts));
      return undefined;
    } catch (error) {
      if (error instanceof SpireError) return error;
      throw error;
    }
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
