import type { SecretStatus } from "#operator/api/generated/secret.ts";
import { RESTORED_GRACE_MS } from "#operator/restored-grace.ts";
import { idOf } from "../gather.ts";
import type { Mark } from "../mark.ts";
import { SWEEP_GRACE_MS } from "../periods.ts";

/** Something of ours in Barbican that no Secret's status names. */
export interface Suspect {
  readonly id: string;
  /** Absent where it never got one. */
  readonly mark: Pick<Mark, "installation" | "object" | "version" | "retain"> | undefined;
  readonly hasPayload: boolean;
}

/** What is known of the objects by which a suspect may still be wanted, by `namespace/name`. */
export type Objects = ReadonlyMap<string, Pick<SecretStatus, "version" | "versions">>;

/**
 * - `orphan`: nobody owns it; it goes when it was so for the whole grace.
 * - `wait`: its object is there and may be about to take it in.
 * - `leave`: it is somebody else's, or retained on purpose.
 */
export type Verdict = "orphan" | "wait" | "leave";

/** What a suspect is. Only what carries our installation's mark, or was never finished, is ever an orphan. */
export function verdictOn(suspect: Suspect, installation: string, objects: Objects): Verdict {
  const { mark, hasPayload } = suspect;
  if (mark === undefined) return hasPayload ? "leave" : "orphan";
  if (mark.installation !== installation || mark.retain) return "leave";
  const object = objects.get(mark.object);
  if (object === undefined) return "orphan";
  // The object's own passes take in what is newer than its status; what is older was replaced.
  const superseded = (object.version ?? 0) > mark.version || numbersIn(object).includes(mark.version);
  return superseded ? "orphan" : "wait";
}

/** Orphans whose grace is over, and since when each orphan is one. */
export function graceOver(
  orphans: readonly string[],
  since: ReadonlyMap<string, Date>,
  now: Date,
  graceMs: number,
): { readonly remove: readonly string[]; readonly since: ReadonlyMap<string, Date> } {
  const next = new Map(orphans.map((id) => [id, since.get(id) ?? now]));
  const remove = orphans.filter((id) => now.getTime() - (next.get(id) ?? now).getTime() >= graceMs);
  return { remove, since: next };
}

/**
 * How long something must have been seen without an owner before it is removed. In a Cloud that came back out of a backup
 * nothing is, for a day: objects are applied again in whatever order, and what they left there is theirs. A Project that is
 * applied later has its day from then on: its Secrets come after it.
 * @param restoredAt when the Cloud came back, RFC 3339; undefined where it never did
 * @param projectMadeAt when the Project was made, RFC 3339
 */
export function graceMs(restoredAt: string | undefined, projectMadeAt: string, now: Date): number {
  if (restoredAt === undefined) return SWEEP_GRACE_MS;
  const from = Math.max(Date.parse(restoredAt), Date.parse(projectMadeAt));
  return now.getTime() < from + RESTORED_GRACE_MS ? Number.POSITIVE_INFINITY : SWEEP_GRACE_MS;
}

/** Ids of all that a Secret's status names in Barbican. */
export function idsIn(status: Pick<SecretStatus, "versions"> | undefined): readonly string[] {
  return (status?.versions ?? []).flatMap(({ refs }) => Object.values(refs).map(idOf));
}

function numbersIn({ versions = [] }: Pick<SecretStatus, "versions">): readonly number[] {
  return versions.map(({ version }) => version);
}
