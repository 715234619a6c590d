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

/** What to do about a Job that is to run once. Pure. */
export function decideJob(job: Job | undefined, now: Date): JobDecision {
  if (job === undefined) return { kind: "create" };
  if (job.metadata.deletionTimestamp !== undefined) return { kind: "running" };
  const conditions = job.status?.conditions ?? [];
  if (conditions.some(({ type, status }) => type === "Complete" && status === "True")) return { kind: "done" };
  const failed = conditions.find(({ type, status }) => type === "Failed" && status === "True");
  if (failed === undefined) return { kind: "running" };
  // It said itself that another try would end the same way: what has changed is another Job.
  if (failed.reason === "PodFailurePolicy") return { kind: "failed", message: "a person is asked for" };
  const since = Date.parse(failed.lastTransitionTime ?? "");
  if (now.getTime() - since >= RETRY_AFTER_MS) return { kind: "again" };
  return { kind: "failed", message: failed.message ?? "it failed" };
}
