import { createHash } from "node:crypto";
import { COMPARE_AT } from "#operator/api/marks.ts";
import type { ObjectMeta } from "#runtime/api/object.ts";
import { DEEP_CHECK_MS } from "./periods.ts";

type Compared = Pick<ObjectMeta, "uid" | "annotations">;

/**
 * When each object was last compared in depth. A restart is no reason to do all at once: what was not seen yet is
 * taken as done at a time of the last period that its UID picks.
 */
export class DeepChecks {
  readonly #startedAt: Date;
  readonly #done = new Map<string, { readonly at: Date; readonly asked: string | undefined }>();

  constructor(startedAt: Date) {
    this.#startedAt = startedAt;
  }

  isDue({ uid, annotations }: Compared, now: Date): boolean {
    const last = this.#done.get(uid);
    if (last !== undefined && last.asked !== annotations?.[COMPARE_AT]) return true;
    const at = last?.at.getTime() ?? this.#startedAt.getTime() - share(uid) * DEEP_CHECK_MS;
    return now.getTime() - at >= DEEP_CHECK_MS;
  }

  done({ uid, annotations }: Compared, now: Date): void {
    this.#done.set(uid, { at: now, asked: annotations?.[COMPARE_AT] });
  }

  /** Notes what was asked before the process knew the object, so that asking again is news. */
  seen({ uid, annotations }: Compared): void {
    if (this.#done.has(uid)) return;
    const at = new Date(this.#startedAt.getTime() - share(uid) * DEEP_CHECK_MS);
    this.#done.set(uid, { at, asked: annotations?.[COMPARE_AT] });
  }

  forget(uid: string): void {
    this.#done.delete(uid);
  }
}

/** A number from 0 to 1, spread evenly over UIDs. */
function share(uid: string): number {
  return createHash("sha256").update(uid).digest().readUInt32BE(0) / 2 ** 32;
}
