import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { type Desired, isDeleting, keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { TASK_LABEL, type Task } from "../children/jobs.ts";
import { selectorText } from "../children/metadata.ts";
import { decideJob, RETRY_AFTER_MS } from "../decide/job.ts";
import { type Job, jobs } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { whyNot } from "./apply.ts";

/**
 * Runs a Job to its end, once for its content. One of an older content is ended first: two may make the same at once. What it left is
 * taken away afterwards.
 */
export async function runJob(scope: CloudScope, task: Task, desired: Desired): Promise<Outcome> {
  const { cache, kube, now, object } = scope;
  const job = cache.get(jobs, keyOf(desired));
  const awaited = `Job ${desired.metadata.name} to end`;
  const decision = decideJob(job, now);
  switch (decision.kind) {
    case "create": {
      const before = await stopOlder(scope, task, desired);
      if (before.length > 0)
        return waiting(`Job ${before.join(", ")} of before to be gone`, { pollAfterMs: unwellPoll(scope) });
      await kube.apply(jobs, desired, { fieldOwner: scope.fieldOwner("children"), force: true });
      return waiting(awaited, { pollAfterMs: unwellPoll(scope) });
    }
    case "running":
      return waiting(`${awaited}${await whyNot(scope, podsOf(desired))}`, {
        pollAfterMs: unwellPoll(scope),
      });
    case "failed": {
      const why = await whyNot(scope, podsOf(desired));
      return waiting(`${awaited} well: ${decision.message}${why}`, {
        reason: "SetupFailed",
        pollAfterMs: RETRY_AFTER_MS,
      });
    }
    case "again":
      await kube.delete(jobs, keyOf(desired), { propagation: "Foreground" });
      return waiting(`${awaited}: it failed and is tried again`, { reason: "SetupFailed", pollAfterMs: 1_000 });
    case "done":
      await removeOlder(scope, task, desired, cache.list(jobs, object.metadata.namespace));
      return settled();
    default:
      return decision satisfies never;
  }
}

/**
 * Ends what has not ended of a task with another content, and says what is not gone yet, its pods included. Asked of the API server: the
 * cache may not know yet what the pass before made.
 */
async function stopOlder(scope: CloudScope, task: Task, desired: Desired): Promise<readonly string[]> {
  const { kube, now, object } = scope;
  const labelSelector = selectorText({ [CLOUD_LABEL]: object.metadata.name, [TASK_LABEL]: task });
  const all = await kube.list(jobs, { namespace: object.metadata.namespace ?? "", labelSelector });
  const unended = all.filter(
    (job) => job.metadata.name !== desired.metadata.name && decideJob(job, now).kind !== "done",
  );
  for (const job of unended.filter((each) => !isDeleting(each)))
    await kube.delete(jobs, keyOf(job), { uid: job.metadata.uid, propagation: "Foreground" });
  return unended.map(({ metadata }) => metadata.name);
}

/** Ends what has not ended of some tasks: nothing of it is wanted any more. */
export async function stopJobs(scope: CloudScope, tasks: readonly string[]): Promise<void> {
  const { cache, kube, now, object } = scope;
  const unended = cache
    .list(jobs, object.metadata.namespace)
    .filter((job) => job.metadata.labels?.[CLOUD_LABEL] === object.metadata.name && !isDeleting(job))
    .filter((job) => tasks.includes(job.metadata.labels?.[TASK_LABEL] ?? "") && decideJob(job, now).kind !== "done");
  for (const job of unended) await kube.delete(jobs, keyOf(job), { uid: job.metadata.uid, propagation: "Foreground" });
}

/** Labels by which the pods of a Job are found. */
export function podsOf(job: Pick<Job | Desired, "metadata"> | undefined): Readonly<Record<string, string>> {
  return { "batch.kubernetes.io/job-name": job?.metadata.name ?? "" };
}

/** Takes away what a task did before, with another content. */
export async function removeOlder(scope: CloudScope, task: Task, desired: Desired, all: readonly Job[]): Promise<void> {
  const older = all.filter(
    (job) =>
      job.metadata.labels?.[CLOUD_LABEL] === scope.object.metadata.name &&
      job.metadata.labels?.[TASK_LABEL] === task &&
      job.metadata.name !== desired.metadata.name &&
      !isDeleting(job),
  );
  for (const job of older)
    await scope.kube.delete(jobs, keyOf(job), { uid: job.metadata.uid, propagation: "Foreground" });
}
