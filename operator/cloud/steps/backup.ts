import { pods } from "#operator/api/foreign.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import {
  BACKUP_BEFORE,
  BACKUP_NAME,
  BACKUP_REQUEST,
  type BackupInput,
  backupJob,
  isBackedUp,
  type KeyMetadata,
} from "../children/backup-jobs.ts";
import { backupClaim } from "../children/claims.ts";
import { schemaSpanOf } from "../children/custody.ts";
import type { Task } from "../children/jobs.ts";
import { selectorText } from "../children/metadata.ts";
import { type BackupAttempt, type BackupDecision, decideBackup, overdueAt } from "../decide/backup.ts";
import { backupReport } from "../decide/backup-report.ts";
import { usedLogins } from "../decide/database-logins.ts";
import { heldKeys } from "../decide/key-table.ts";
import type { BackupSchedule, CloudDeployment } from "../deployment.ts";
import type { KeyName } from "../names.ts";
import { type Job, jobs } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { whyNot } from "./apply.ts";
import { ensureClaim } from "./ensure-claim.ts";
import { jobsOf, podsOf, removeJobs, stopJobs } from "./jobs.ts";
import { readSecrets, recordOf } from "./keys.ts";
import { untilMs } from "./rotated.ts";

/** Annotations of a key's core Secret that are ours; others' may quote its values. */
const OURS = "nephele.dev/";
/** Jobs are watched: this is for what their pods say while they do not start. */
const RUNNING_POLL_MS = 15_000;

const TASKS: readonly Task[] = ["backup"];

/** What a pass says that has not come to the backup which is due. */
const OVERDUE = "BackupOverdue";

/** Before anything that may wait: ends what is wanted no more, and says of a backup that is long due that it is. */
export async function reviewBackups(scope: CloudScope, { backup }: CloudDeployment): Promise<Outcome> {
  if (backup === undefined) scope.backup = undefined;
  const wanted = { backup: backup !== undefined, drill: backup?.drill !== undefined };
  await stopJobs(
    scope,
    (["backup", "drill"] as const).filter((task) => !wanted[task]),
  );
  const at = overdueAt(scope.backup?.next);
  if (at === undefined) return settled();
  if (scope.now < at) return settled({ pollAfterMs: untilMs(at, scope) });
  return waiting(
    `the backup that was to be made at ${scope.backup?.next}: what comes before it is not done (see Ready)`,
    {
      reason: OVERDUE,
    },
  );
}

/** The claim for backups, where the Cloud says how large it is. */
export async function ensureBackupClaim(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { backup } = deployment;
  if (backup?.place.kind !== "claim" || backup.place.storage === undefined) return settled();
  const { name, storage } = backup.place;
  await ensureClaim(scope, backupClaim(deployment, name, storage));
  return settled();
}

/** Makes a backup when one is due. */
export async function backUp(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { backup } = deployment;
  // Before the first schemas there is nothing to back up.
  if (backup === undefined || schemaSpanOf(recordOf(scope)) === undefined) return settled();
  const earlier = scope.results.get("BackupReady");
  // The claim cannot be made, and that is what a person is to see.
  if (earlier?.kind === "waiting" && earlier.reason !== OVERDUE) return settled();
  const job = newestJob(scope);
  const decision = decideBackup({
    now: scope.now,
    everyMs: backup.everyMs,
    requestedAt: backup.requestedAt,
    answeredRequest: scope.backup?.answeredRequest,
    last: scope.backup?.last?.name,
    before: upgradeBefore(scope, deployment),
    lastBefore: scope.backup?.last?.before,
    attempt: job === undefined ? undefined : attemptOf(job),
  });
  return follow(scope, deployment, backup, decision);
}

async function follow(
  scope: CloudScope,
  deployment: CloudDeployment,
  schedule: BackupSchedule,
  decision: BackupDecision,
): Promise<Outcome> {
  switch (decision.kind) {
    case "keep":
      scope.backup = { ...scope.backup, next: timeText(decision.nextAt) };
      return settled({ message: said(scope), pollAfterMs: untilMs(decision.nextAt, scope) });
    case "begin": {
      const { name, request, before } = decision;
      await removeJobs(scope, jobsOf(scope, TASKS), "Background");
      await make(scope, deployment, { schedule, name, request, before });
      return running(scope, name, "");
    }
    case "await": {
      const { name, request, before } = decision.attempt;
      const job = newestJob(scope);
      // What it was told no longer holds: another claim, other recipients, keys that were rotated.
      const isStale =
        job?.metadata.name !== jobOf(scope, deployment, { schedule, name, request, before }).metadata.name;
      // With its pod, before there is another: two never write to one volume.
      if (isStale) await removeJobs(scope, jobsOf(scope, TASKS));
      return running(scope, name, isStale ? ": it is begun anew" : await whyNot(scope, podsOf(job)));
    }
    case "note": {
      const { attempt, nextAt } = decision;
      const job = newestJob(scope);
      const report = backupReport(await scope.kube.list(pods, inNamespace(scope, podsOf(job))));
      const completedAt = report?.completedAt ?? job?.status?.completionTime;
      scope.backup = {
        ...scope.backup,
        last: {
          name: attempt.name,
          ...(completedAt === undefined ? {} : { completedAt }),
          ...(report === undefined ? {} : { bytes: report.bytes }),
          ...(attempt.before === undefined ? {} : { before: attempt.before }),
        },
        ...(report === undefined ? {} : { kept: report.kept }),
        next: timeText(nextAt),
        ...(attempt.request === undefined ? {} : { answeredRequest: attempt.request }),
      };
      scope.event("Normal", "BackupMade", said(scope));
      return settled({ message: said(scope), pollAfterMs: untilMs(nextAt, scope) });
    }
    case "failed": {
      const { attempt, nextAt } = decision;
      const why = await whyNot(scope, podsOf(newestJob(scope)));
      const message = `backup ${attempt.name} to be made${why}; the next try is at ${timeText(nextAt)}. ${said(scope)}`;
      scope.event("Warning", "BackupFailed", `backup ${attempt.name} failed${why}`);
      return waiting(message, { reason: "BackupFailed", pollAfterMs: untilMs(nextAt, scope) });
    }
    default:
      return decision satisfies never;
  }
}

/** The release that the schemas are about to be expanded for; undefined where they are not, or are already. */
function upgradeBefore({ plan }: CloudScope, { release }: CloudDeployment): string | undefined {
  return plan?.decision.kind === "upgrade" && plan.span?.newest !== release ? release : undefined;
}

/** Whether an upgrade waits for the backup that is made before it. */
export function awaitsBackup(scope: CloudScope, deployment: CloudDeployment): boolean {
  const before = upgradeBefore(scope, deployment);
  return deployment.backup !== undefined && before !== undefined && scope.backup?.last?.before !== before;
}

/** While one is made, the last one is as good as it was. */
function running(scope: CloudScope, name: string, why: string): Outcome {
  const poll = { pollAfterMs: Math.max(RUNNING_POLL_MS, unwellPoll(scope)) };
  if (scope.backup?.last !== undefined && why === "")
    return settled({ message: `${said(scope)} Backup ${name} is being made`, ...poll });
  return waiting(`backup ${name} to be made${why}`, poll);
}

function said({ backup }: CloudScope): string {
  const { last, kept, next } = backup ?? {};
  if (last === undefined) return "There is none yet.";
  const many = kept === undefined ? "" : ` of ${kept}`;
  const size = last.bytes === undefined ? "" : `, ${last.bytes} bytes`;
  return `The last${many} is ${last.name}${size}${next === undefined ? "" : `; the next comes at ${next}`}.`;
}

function attemptOf(job: Job): BackupAttempt {
  const { metadata, status } = job;
  const has = (type: string) => status?.conditions?.find((each) => each.type === type && each.status === "True");
  const failed = has("Failed");
  return {
    name: metadata.annotations?.[BACKUP_NAME] ?? "",
    request: metadata.annotations?.[BACKUP_REQUEST],
    before: metadata.annotations?.[BACKUP_BEFORE],
    state: has("Complete") !== undefined ? "done" : failed !== undefined && !isDeleting(job) ? "failed" : "running",
    ...(failed?.lastTransitionTime === undefined ? {} : { failedAt: new Date(failed.lastTransitionTime) }),
  };
}

function newestJob(scope: CloudScope): Job | undefined {
  return [...jobsOf(scope, TASKS)].sort((a, b) => attemptOf(b).name.localeCompare(attemptOf(a).name))[0];
}

type Begun = Pick<BackupInput, "schedule" | "name" | "request" | "before">;

async function make(scope: CloudScope, deployment: CloudDeployment, begun: Begun): Promise<void> {
  const desired = jobOf(scope, deployment, begun);
  await scope.kube.apply(jobs, desired, { fieldOwner: scope.fieldOwner("children"), force: true });
}

function jobOf(scope: CloudScope, deployment: CloudDeployment, begun: Begun) {
  const { custody } = scope;
  const span = schemaSpanOf(recordOf(scope));
  if (custody === undefined || span === undefined) throw new Error("keys and schemas come before a backup of them");
  return backupJob(deployment, {
    ...begun,
    logins: usedLogins(custody.values("database")),
    keySet: custody.keySet,
    span,
    keys: keysOf(scope, deployment),
  });
}

function keysOf(scope: CloudScope, deployment: CloudDeployment): Readonly<Partial<Record<KeyName, KeyMetadata>>> {
  const held = [...readSecrets(scope, heldKeys(deployment))].filter(([name]) => isBackedUp(name));
  return Object.fromEntries(
    held.map(
      ([
        key,
        {
          metadata: { name, labels = {}, annotations = {} },
        },
      ]) => {
        const ours = Object.entries(annotations).filter(([annotation]) => annotation.startsWith(OURS));
        return [key, { name, labels, annotations: Object.fromEntries(ours) }];
      },
    ),
  );
}

function inNamespace({ object }: CloudScope, labels: Readonly<Record<string, string>>) {
  return { namespace: object.metadata.namespace ?? "", labelSelector: selectorText(labels) };
}
