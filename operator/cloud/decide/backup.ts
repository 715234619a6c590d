import { timeText } from "#runtime/api/time.ts";

/** One try to make a backup, as its Job tells. */
export interface BackupAttempt {
  /** {@link backupName} of when it was begun. */
  readonly name: string;
  /** The request that it answers. */
  readonly request: string | undefined;
  /** The release before whose upgrade it was made. */
  readonly before: string | undefined;
  readonly state: "running" | "done" | "failed";
  /** When it failed. */
  readonly failedAt?: Date;
}

export interface BackupFacts {
  readonly now: Date;
  readonly everyMs: number;
  /** What a request for a backup says now, and what the last backup answered. */
  readonly requestedAt: string | undefined;
  readonly answeredRequest: string | undefined;
  /** The name of the last backup that is whole, as status has it. */
  readonly last: string | undefined;
  /** The release that the schemas are about to be expanded for, and before which the last backup was made. */
  readonly before: string | undefined;
  readonly lastBefore: string | undefined;
  /** The newest try that there is. */
  readonly attempt: BackupAttempt | undefined;
}

export type BackupDecision =
  | { readonly kind: "keep"; readonly nextAt: Date }
  | {
      readonly kind: "begin";
      readonly name: string;
      readonly request: string | undefined;
      readonly before: string | undefined;
    }
  | { readonly kind: "await"; readonly attempt: BackupAttempt }
  /** It is whole, and status does not say so yet. */
  | { readonly kind: "note"; readonly attempt: BackupAttempt; readonly nextAt: Date }
  /** It failed, and stands for people to look at until the next. */
  | { readonly kind: "failed"; readonly attempt: BackupAttempt; readonly nextAt: Date };

/** How long a try that failed stands before another: what it wants, a person mends, or a database that is up again. */
export const BACKUP_RETRY_MS = 10 * 60_000;

/** How long past its time the next is overdue: a pass may wait for other things meanwhile, as an upgrade does. */
export const OVERDUE_MS = 10 * 60_000;

/**
 * When the next backup is overdue, as status says when it comes; undefined where that is not known. Pure.
 * @param next RFC 3339
 */
export function overdueAt(next: string | undefined): Date | undefined {
  const at = Date.parse(next ?? "");
  return Number.isNaN(at) ? undefined : new Date(at + OVERDUE_MS);
}

/**
 * What to do about backups: one at a time, each as long after the one before was begun as the schedule says, one for each
 * request, and one before each upgrade. Status may be lost and the Job not, and the other way round; either is enough to go on.
 * Names are in order, also where the clock went back: by them it is known which is the last. Pure.
 */
export function decideBackup(facts: BackupFacts): BackupDecision {
  const { now, everyMs, requestedAt, answeredRequest, last, before, lastBefore, attempt } = facts;
  const after = (name: string): Date => new Date(begunAt(name).getTime() + everyMs);
  const name = nameAfter(last, attempt?.name, now);
  const begin: BackupDecision = { kind: "begin", name, request: requestedAt, before };
  if (attempt?.state === "running") return { kind: "await", attempt };
  if (attempt?.state === "done" && (last === undefined || last < attempt.name))
    return { kind: "note", attempt, nextAt: after(attempt.name) };
  if (attempt?.state === "failed" && (last === undefined || last < attempt.name)) {
    const nextAt = new Date((attempt.failedAt ?? now).getTime() + BACKUP_RETRY_MS);
    // Whoever asks once more has mended something.
    const asksAnew = requestedAt !== attempt.request || (before !== undefined && before !== attempt.before);
    return now < nextAt && !asksAnew ? { kind: "failed", attempt, nextAt } : begin;
  }
  const requested = requestedAt !== undefined && requestedAt !== answeredRequest;
  const upgrades = before !== undefined && before !== lastBefore;
  if (last === undefined || requested || upgrades) return begin;
  const nextAt = after(last);
  return now < nextAt ? { kind: "keep", nextAt } : begin;
}

/** The name of a backup that is begun at a time: `20261126T073000Z`. By it they are in order. */
export function backupName(at: Date): string {
  return timeText(at).replace(/[-:]/g, "");
}

/** The name of what is begun now, or the first after those that there are. */
function nameAfter(last: string | undefined, tried: string | undefined, now: Date): string {
  const taken = [last, tried].filter((name) => name !== undefined).map((name) => begunAt(name).getTime());
  return backupName(new Date(Math.max(now.getTime(), ...taken.map((at) => at + 1_000))));
}

/** When a backup of a name was begun. */
export function begunAt(name: string): Date {
  return new Date(name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
