import type { CoreSecret } from "#operator/api/foreign.ts";
import type { CloudStatus } from "#operator/api/generated/cloud.ts";
import { valuesOf } from "./children/custody.ts";
import type { HeldKey } from "./decide/key-table.ts";
import type { CloudDeployment } from "./deployment.ts";
import { type KeyName, secretNames } from "./names.ts";

type KeyStatus = NonNullable<CloudStatus["keys"]>[number];

/** Since when each key but 0 is or was the one that is used, by number, as JSON; on the core Secret. */
export const USED_SINCE = "nephele.dev/used-since";
/** The last request for a rotation that was answered; on the core Secret. */
export const ANSWERED_REQUEST = "nephele.dev/answered-request";

/** Since when the next password of a user stands in the core Secret, on which this is. */
export const NEXT_SINCE = "nephele.dev/next-since";

/** The key to which all that is stored was brought; on the core Secret. */
export const REWRAPPED = "nephele.dev/rewrapped";

/** Every key that is held, without its value. */
export function keyStatus(
  { cloud }: Pick<CloudDeployment, "cloud">,
  keys: readonly HeldKey[],
  secrets: ReadonlyMap<KeyName, CoreSecret>,
): readonly KeyStatus[] {
  return keys.flatMap(({ name, active }) => {
    const secret = secrets.get(name);
    if (secret === undefined) return [];
    return [
      {
        name,
        secret: secretNames[name](cloud),
        active: active(valuesOf(secret)),
        rotatedAt: presentSince(secret),
        custody: "Software" as const,
      },
    ];
  });
}

/** Since when the key or login that is used is. */
export function presentSince(secret: CoreSecret): string {
  const { "0": _next, ...since } = notedSince(secret) ?? {};
  return Object.values(since).sort().at(-1) ?? secret.metadata.creationTimestamp;
}

/** Undefined where that was not noted, or the note was damaged. */
export function nextSince(secret: CoreSecret): Date | undefined {
  const at = new Date(secret.metadata.annotations?.[NEXT_SINCE] ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The key by which all that is stored is encrypted: before the first rotation, the first. */
export function rewrappedOf(secret: CoreSecret): number {
  const noted = Number(secret.metadata.annotations?.[REWRAPPED]);
  const numbers = Object.keys(secret.data ?? {}).map(Number);
  return noted > 0 ? noted : Math.min(...numbers.filter((number) => number > 0));
}

/**
 * When each key of a repository came into use; of keys that were never rotated, when they were made. A note that somebody
 * damaged counts as none: a rotation comes sooner for it, and no key is dropped whose time is not known.
 * @param used the number of the key that is used
 */
export function usedSince(secret: CoreSecret, used: number): Readonly<Record<string, string>> {
  return notedSince(secret) ?? { [String(used)]: secret.metadata.creationTimestamp };
}

function notedSince(secret: CoreSecret): Readonly<Record<string, string>> | undefined {
  return parseTimes(secret.metadata.annotations?.[USED_SINCE]);
}

/** Undefined where the text is not an object of times by numbers. */
function parseTimes(text: string | undefined): Readonly<Record<string, string>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text ?? "null");
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const times = Object.entries(parsed);
    const sound = times.every(
      ([key, at]) => /^\d+$/.test(key) && typeof at === "string" && !Number.isNaN(Date.parse(at)),
    );
    return sound && times.length > 0 ? (parsed as Record<string, string>) : undefined;
  } catch {
    return undefined;
  }
}
