/** A password that is changed where it is: of a user that cannot be replaced by another. */
export interface PasswordFacts {
  /** Since when the present one is there. */
  readonly since: Date;
  readonly now: Date;
  readonly everyMs: number;
  /** What a request for a rotation says now, and what the last rotation answered. */
  readonly requestedAt: string | undefined;
  readonly answeredRequest: string | undefined;
  /** Whether the next one is in the core Secret, and since when; undefined where that was not noted. */
  readonly next: { readonly announcedAt: Date | undefined } | undefined;
  /** How long it may take until all who log in have read it, in milliseconds. */
  readonly knownAfterMs: number;
}

export type PasswordDecision =
  | { readonly kind: "keep"; readonly nextAt: Date }
  /** The next one is put beside the present one; one that is there already only gets its time. */
  | { readonly kind: "announce"; readonly nextAt: Date }
  /** Somebody may not have read the next one yet. */
  | { readonly kind: "wait"; readonly nextAt: Date }
  /** The user gets it. What was begun and cut off is done again, with the same password. */
  | { readonly kind: "change"; readonly nextAt: Date };

/**
 * What to do about a password. Keystone knows one for each user, so the next one is told to all who log in before it counts,
 * and they try both. Pure.
 */
export function decidePassword(facts: PasswordFacts): PasswordDecision {
  const { since, now, everyMs, requestedAt, answeredRequest, next, knownAfterMs } = facts;
  const after = (ms: number): Date => new Date(now.getTime() + ms);
  if (next !== undefined) {
    if (next.announcedAt === undefined) return { kind: "announce", nextAt: after(knownAfterMs) };
    const known = new Date(next.announcedAt.getTime() + knownAfterMs);
    return now < known ? { kind: "wait", nextAt: known } : { kind: "change", nextAt: after(everyMs) };
  }
  const scheduled = new Date(since.getTime() + everyMs);
  const requested = requestedAt !== undefined && requestedAt !== answeredRequest;
  if (!requested && now < scheduled) return { kind: "keep", nextAt: scheduled };
  return { kind: "announce", nextAt: after(knownAfterMs) };
}
