import type { Entry, HeldEntry } from "#operator/clients/spire/entry.ts";
import { type EntryOwner, isOwnedBy } from "./entry-id.ts";

export interface EntryFacts {
  readonly owner: EntryOwner;
  readonly wanted: readonly Entry[];
  /** All that the server holds, whoever made it. */
  readonly there: readonly HeldEntry[];
  readonly now: Date;
  /** How long an entry stays that nobody needs any more: pods that are on their way out renew by it. Milliseconds. */
  readonly graceMs: number;
}

export interface EntryChanges {
  readonly create: readonly Entry[];
  readonly update: readonly Entry[];
  readonly delete: readonly string[];
}

/**
 * What is to be written so that an owner's entries are as they are wanted. One that is wanted no more is given an end, which
 * is kept by SPIRE, and is deleted after it. Entries of others are never among the changes. Pure.
 */
export function decideEntries({ owner, wanted, there, now, graceMs }: EntryFacts): EntryChanges {
  const ours = new Map(there.filter(({ id }) => isOwnedBy(owner, id)).map((entry) => [entry.id, entry]));
  const taken = new Set(there.filter(({ id }) => !ours.has(id)).map(meaningOf));
  const kept = new Set(wanted.map(({ id }) => id));
  const surplus = [...ours.values()].filter(({ id }) => !kept.has(id));
  const seconds = now.getTime() / 1000;
  return {
    // Where somebody else's says the same already, SPIRE takes no second one, and the identity is there.
    create: wanted.filter((entry) => !ours.has(entry.id) && !taken.has(meaningOf(entry))),
    update: [
      ...wanted.filter((entry) => {
        const held = ours.get(entry.id);
        return held !== undefined && !isAsWanted(held, entry);
      }),
      ...surplus
        .filter(({ expiresAt }) => expiresAt === undefined)
        .map((entry) => ({ ...entry, expiresAt: Math.ceil(seconds + graceMs / 1000) })),
    ],
    delete: surplus.filter(({ expiresAt }) => expiresAt !== undefined && expiresAt <= seconds).map(({ id }) => id),
  };
}

function isAsWanted(held: HeldEntry, wanted: Entry): boolean {
  return meaningOf(held) === meaningOf(wanted) && held.expiresAt === wanted.expiresAt && held.extras.length === 0;
}

/** By what SPIRE tells entries apart: who, attested by whom, with which selectors in any order. */
function meaningOf({ spiffeId, parentId, selectors }: Entry): string {
  return JSON.stringify([spiffeId, parentId, [...selectors].sort()]);
}
