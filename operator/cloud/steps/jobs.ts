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
  const { cache, kube, now } = scope;
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
      await removeOlder(scope, task, desired);
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
  await removeJobs(scope, unended);
  return unended.map(({ metadata }) => metadata.name);
}

/** Ends what has not ended of some tasks: nothing of it is wanted any more. */
export async function stopJobs(scope: CloudScope, tasks: readonly Task[]): Promise<void> {
  const unended = jobsOf(scope, tasks).filter((job) => decideJob(job, scope.now).kind !== "done");
  await removeJobs(scope, unended);
}

/** Takes away what a task did before, with another content. */
export async function removeOlder(scope: CloudScope, task: Task, desired: Desired): Promise<void> {
  const older = jobsOf(scope, [task]).filter(({ metadata }) => metadata.name !== desired.metadata.name);
  await removeJobs(scope, older);
}

/** The Cloud's Jobs of some tasks, those that are on their way out among them. */
export function jobsOf({ cache, object }: CloudScope, tasks: readonly Task[]): readonly Job[] {
  const { name, namespace } = object.metadata;
  const wanted: readonly (string | undefined)[] = tasks;
  return cache
    .list(jobs, namespace)
    .filter(({ metadata: { labels } }) => labels?.[CLOUD_LABEL] === name && wanted.includes(labels[TASK_LABEL]));
}

/** Deletes Jobs. @param propagation `Foreground`: one is there until its pods are gone */
export async function removeJobs(
  { kube }: CloudScope,
  which: readonly Job[],
  propagation: "Background" | "Foreground" = "Foreground",
): Promise<void> {
  for (const job of which.filter((each) => !isDeleting(each)))
    await kube.delete(jobs, keyOf(job), { uid: job.metadata.uid, propagation });
}

/** Labels by which the pods of a Job are found. */
export function podsOf(job: Pick<Job | Desired, "metadata"> | undefined): Readonly<Record<string, string>> {
  return { "batch.kubernetes.io/job-name": job?.metadata.name ?? "" };
}
