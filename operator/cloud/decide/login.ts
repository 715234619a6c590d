/** A login that programs of ours have somewhere, and how it is to be kept. */
export interface LoginFacts {
  /** Since when the present one is there. */
  readonly since: Date;
  readonly now: Date;
  readonly everyMs: number;
  /** What a request for a rotation says now, and what the last rotation answered. */
  readonly requestedAt: string | undefined;
  readonly answeredRequest: string | undefined;
  /** Whether the one before it is still good. */
  readonly formerThere: boolean;
  /** Whether every pod that logs in has the present one. */
  readonly readersUp: boolean;
}

export type LoginDecision =
  | { readonly kind: "keep"; readonly nextAt: Date }
  /** Something is due and would lock somebody out now; `nextAt` is when to look again. */
  | { readonly kind: "refuse"; readonly because: string; readonly nextAt: Date }
  /** Another login is made beside the present one, which stays good until all use the other. */
  | { readonly kind: "add"; readonly nextAt: Date }
  /** Nobody uses the former one any more. */
  | { readonly kind: "retire"; readonly nextAt: Date };

const LOOK_AGAIN_MS = 60_000;

/**
 * What to do about a login. It is never changed: another takes its place, and both are good while pods are replaced. Pure.
 */
export function decideLogin(facts: LoginFacts): LoginDecision {
  const { since, now, everyMs, requestedAt, answeredRequest, formerThere, readersUp } = facts;
  const scheduled = new Date(since.getTime() + everyMs);
  const requested = requestedAt !== undefined && requestedAt !== answeredRequest;
  if (!formerThere && !requested && now < scheduled) return { kind: "keep", nextAt: scheduled };
  if (!readersUp)
    return {
      kind: "refuse",
      because: "not every pod that logs in is there with the present one",
      nextAt: new Date(now.getTime() + LOOK_AGAIN_MS),
    };
  if (formerThere) return { kind: "retire", nextAt: scheduled };
  return { kind: "add", nextAt: new Date(now.getTime() + everyMs) };
}
