import { timeText } from "#runtime/api/time.ts";
import type { Values } from "./key-table.ts";

/** A rotation for which there is no room is looked at again after this long. */
const NO_ROOM_MS = 10 * 60_000;

/** A repository of keys by number: 0 is next, the highest is used, those between still decrypt. */
export interface RotationFacts {
  readonly keys: Values;
  /** When each key became the one that is used, by number; of 0, where it came later than the others, when that was. */
  readonly usedSince: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly everyMs: number;
  /** What a request for a rotation says now, and what the last rotation answered. */
  readonly requestedAt: string | undefined;
  readonly answeredRequest: string | undefined;
  /** Whether every replica that reads these keys is up. */
  readonly readersUp: boolean;
  /** Why the next key must not be used yet although every replica has it, for a person; undefined: it may. */
  readonly unknown?: string | undefined;
  /** Whether something may be out there that only a key which is no longer used decrypts. */
  readonly needed: (number: number) => boolean;
  /** The key to which all that is stored was brought; undefined of keys by which nothing is stored. */
  readonly rewrapped?: number;
  readonly make: () => string;
  /** So many can be held. */
  readonly most: number;
}

export type RotationDecision =
  | { readonly kind: "keep"; readonly nextAt: Date }
  /** Something is due and would lock somebody out now, or cannot be done yet; `nextAt` is when to look again. */
  | { readonly kind: "refuse"; readonly because: string; readonly nextAt: Date }
  /** What is stored is to be encrypted anew by the key that is used. */
  | { readonly kind: "rewrap"; readonly number: number; readonly nextAt: Date }
  | {
      readonly kind: "rotate";
      readonly keys: Values;
      readonly usedSince: Readonly<Record<string, string>>;
      /** The request that is answered by it, or was before. */
      readonly answered: string | undefined;
      readonly nextAt: Date;
    };

/** Kubelet brings a changed Secret within its sync period (1 minute) and its cache's delay: so long is waited, and more. */
export const DISTRIBUTION_MS = 3 * 60_000;

/**
 * What to do about a repository of keys. The key that is used next is in every replica long before it is used, so a
 * rotation cuts nobody off while replicas read the new keys one after another; but two rotations within that time would.
 * What is stored is brought to the key that is used before the next one comes. A key goes when nothing needs it, never
 * sooner. Pure.
 */
export function decideRotation(facts: RotationFacts): RotationDecision {
  const { keys, usedSince, now, everyMs, requestedAt, answeredRequest, readersUp, unknown, needed, rewrapped } = facts;
  const { make, most } = facts;
  const used = usedKey(keys);
  const since = Date.parse(usedSince[String(used)] ?? "");
  const rotatedAt = Number.isNaN(since) ? now.getTime() : since;
  const scheduled = new Date(rotatedAt + everyMs);
  const requested = requestedAt !== undefined && requestedAt !== answeredRequest;
  const behind = rewrapped !== undefined && rewrapped < used;
  // A repository of before there was a next key gets one; nothing else changes, and it has to reach every replica too.
  if (keys["0"] === undefined)
    return {
      kind: "rotate",
      keys: { ...keys, "0": make() },
      usedSince: { ...usedSince, "0": timeText(now) },
      answered: answeredRequest,
      nextAt: scheduled,
    };
  if (!behind && !requested && now < scheduled) return { kind: "keep", nextAt: scheduled };
  const cameAt = Math.max(rotatedAt, Date.parse(usedSince["0"] ?? "") || 0);
  const seen = new Date(cameAt + DISTRIBUTION_MS);
  if (now < seen) return { kind: "refuse", because: "the present keys are not in every replica yet", nextAt: seen };
  if (!readersUp)
    return {
      kind: "refuse",
      because: "not every replica is up to read the new keys",
      nextAt: new Date(now.getTime() + DISTRIBUTION_MS),
    };
  if (unknown !== undefined)
    return { kind: "refuse", because: unknown, nextAt: new Date(now.getTime() + DISTRIBUTION_MS) };
  if (behind) return { kind: "rewrap", number: used, nextAt: scheduled };
  const next = used + 1;
  const at = timeText(now);
  const kept = Object.keys(keys).filter((name) => name !== "0" && (Number(name) === used || needed(Number(name))));
  const rotated = {
    "0": make(),
    ...Object.fromEntries(kept.map((name) => [name, keys[name] ?? ""])),
    [String(next)]: keys["0"],
  };
  if (Object.keys(rotated).length > most)
    return {
      kind: "refuse",
      because: `more than ${most} keys would have to be held: rotate less often`,
      nextAt: new Date(now.getTime() + NO_ROOM_MS),
    };
  return {
    kind: "rotate",
    keys: rotated,
    usedSince: { ...Object.fromEntries(kept.map((name) => [name, usedSince[name] ?? at])), [String(next)]: at },
    answered: requestedAt,
    nextAt: new Date(now.getTime() + everyMs),
  };
}

/** The number of the key that is used. */
export function usedKey(keys: Values): number {
  return Math.max(...Object.keys(keys).map(Number));
}
