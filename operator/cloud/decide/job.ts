import type { Job } from "../resources.ts";

export type JobDecision =
  | { readonly kind: "create" }
  | { readonly kind: "running" }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string }
  /** Failed a while ago: taken away, so that it is made and tried again. */
  | { readonly kind: "again" };

/** How long a failed Job stands, for people to look at, before it is tried again. */
export const RETRY_AFTER_MS = 30_000;
/** And how long where a person is to mend something first. */
const PERSON_RETRY_MS = 10 * 60_000;

/** By which codes a program ends its Job at once (`podFailurePolicy`; programs/make_store_keys.py). */
export const ASK_A_PERSON = 3;
/** And this one plus 2ⁿ for the nth of its arguments: what it is given for them is refused, and each try costs one. */
export const REFUSED = 16;

/** What to do about a Job that is to run once. Pure. */
export function decideJob(job: Job | undefined, now: Date): JobDecision {
  if (job === undefined) return { kind: "create" };
  if (job.metadata.deletionTimestamp !== undefined) return { kind: "running" };
  const conditions = job.status?.conditions ?? [];
  if (conditions.some(({ type, status }) => type === "Complete" && status === "True")) return { kind: "done" };
  const failed = conditions.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed === undefined) return { kind: "running" };
  const asked = failed.reason === "PodFailurePolicy";
  // Whatever ended it so: only the code that says it may is followed by another try.
  if (asked && exitCodeOf(job) !== ASK_A_PERSON)
    return { kind: "failed", message: "it runs again when what it is given has changed, or when this Job is deleted" };
  const since = Date.parse(failed.lastTransitionTime ?? "");
  if (now.getTime() - since >= (asked ? PERSON_RETRY_MS : RETRY_AFTER_MS)) return { kind: "again" };
  return {
    kind: "failed",
    message: asked ? "a person is asked for, and it is tried again ten minutes later" : (failed.message ?? "it failed"),
  };
}

/** The code by which a container failed its Job at once, as the Job's condition says in words; else undefined. Pure. */
function exitCodeOf(job: Job): number | undefined {
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed?.reason !== "PodFailurePolicy") return undefined;
  const code = /failed with exit code (\d+)/.exec(failed.message ?? "")?.[1];
  return code === undefined ? undefined : Number(code);
}

/**
 * For which of a Job's arguments it failed because what it is given for them is refused: as long as it stands, or until one of
 * another content has ended. Undefined while it has not ended: what was known before holds. Pure.
 */
export function refusedOf(job: Job | undefined, args: readonly string[]): readonly string[] | undefined {
  const ended = job?.status?.conditions?.some(
    ({ type, status }) => ["Complete", "Failed"].includes(type) && status === "True",
  );
  if (job === undefined || ended !== true) return undefined;
  const code = exitCodeOf(job) ?? 0;
  return code < REFUSED ? [] : args.filter((_, index) => ((code - REFUSED) & (1 << index)) !== 0);
}
