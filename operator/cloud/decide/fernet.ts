import { timeText } from "#runtime/api/time.ts";
import { fernetKey, type Values } from "./key-table.ts";

/** Keystone's Fernet repository and how it is to be kept. */
export interface FernetFacts {
  /** By number: 0 is next, the highest is used, those between still decrypt. */
  readonly keys: Values;
  /** When each key but 0 became the one that is used, by number. */
  readonly usedSince: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly everyMs: number;
  /** What a request for a rotation says now, and what the last rotation answered. */
  readonly requestedAt: string | undefined;
  readonly answeredRequest: string | undefined;
  readonly tokenLifetimeMs: number;
  /** Whether every replica is up, and has had the time to read the present keys. */
  readonly replicasUp: boolean;
}

export type FernetDecision =
  | { readonly kind: "keep"; readonly nextAt: Date }
  /** A rotation is due and would lock somebody out now. `until` is when time alone mends it. */
  | { readonly kind: "refuse"; readonly because: string; readonly nextAt: Date }
  | {
      readonly kind: "rotate";
      readonly keys: Values;
      readonly usedSince: Readonly<Record<string, string>>;
      readonly nextAt: Date;
    };

/** Keystone lets a service use a token for so long after its end (`[token] allow_expired_window`, 2 days). */
const EXPIRED_WINDOW_MS = 48 * 3_600_000;
/** Kubelet brings a changed Secret within its sync period (1 minute) and its cache's delay: so long is waited, and more. */
export const DISTRIBUTION_MS = 3 * 60_000;
/** A core Secret has room for many more; so many are a mistake. */
const MOST_KEYS = 200;

/**
 * What to do about the Fernet keys. The key that is used next is in every replica long before it is used, so a rotation
 * cuts nobody off while replicas read the new keys one after another; but two rotations within that time would. A key
 * is dropped when the last token that it encrypted has ended, never sooner. Pure.
 */
export function decideFernet(facts: FernetFacts): FernetDecision {
  const { keys, usedSince, now, everyMs, requestedAt, answeredRequest, replicasUp } = facts;
  const used = Math.max(...Object.keys(keys).map(Number));
  const since = Date.parse(usedSince[String(used)] ?? "");
  const rotatedAt = Number.isNaN(since) ? now.getTime() : since;
  const scheduled = new Date(rotatedAt + everyMs);
  const requested = requestedAt !== undefined && requestedAt !== answeredRequest;
  if (!requested && now < scheduled) return { kind: "keep", nextAt: scheduled };
  const seen = new Date(rotatedAt + DISTRIBUTION_MS);
  if (now < seen) return { kind: "refuse", because: "the present keys are not in every replica yet", nextAt: seen };
  if (!replicasUp)
    return {
      kind: "refuse",
      because: "not every replica of Keystone is up to read the new keys",
      nextAt: new Date(now.getTime() + DISTRIBUTION_MS),
    };
  const next = used + 1;
  const at = timeText(now);
  const kept = Object.keys(keys).filter((name) => name !== "0" && stillNeeded(Number(name), facts));
  const rotated = {
    "0": fernetKey(),
    ...Object.fromEntries(kept.map((name) => [name, keys[name] ?? ""])),
    [String(next)]: keys["0"] ?? fernetKey(),
  };
  if (Object.keys(rotated).length > MOST_KEYS)
    return {
      kind: "refuse",
      because: `more than ${MOST_KEYS} keys would be needed for the tokens that are out: rotate less often`,
      nextAt: scheduled,
    };
  return {
    kind: "rotate",
    keys: rotated,
    usedSince: { ...Object.fromEntries(kept.map((name) => [name, usedSince[name] ?? at])), [String(next)]: at },
    nextAt: new Date(now.getTime() + everyMs),
  };
}

/** Whether a token may be out that this key encrypted: it was used until the next one was. */
function stillNeeded(number: number, { usedSince, now, tokenLifetimeMs }: FernetFacts): boolean {
  const until = Date.parse(usedSince[String(number + 1)] ?? now.toISOString());
  return until + tokenLifetimeMs + EXPIRED_WINDOW_MS > now.getTime();
}
