import { pods } from "#operator/api/foreign.ts";
import { keyOf } from "#runtime/api/object.ts";
import { timeText } from "#runtime/api/time.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { drillJob } from "../children/backup-jobs.ts";
import { selectorText } from "../children/metadata.ts";
import { drillReport } from "../decide/backup-report.ts";
import { decideJob } from "../decide/job.ts";
import type { BackupDrill, BackupPlace, CloudDeployment, IdentityReference } from "../deployment.ts";
import { jobs } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { whyNot } from "./apply.ts";
import { holdsIdentity, identityAdvice } from "./backup-identity.ts";
import { podsOf, removeOlder } from "./jobs.ts";

/** Restores the last backup in a pod of its own, once for each request. */
export async function drill(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { backup } = deployment;
  if (backup?.drill === undefined) return settled();
  return follow(scope, deployment, backup.drill, backup.place);
}

async function follow(
  scope: CloudScope,
  deployment: CloudDeployment,
  { requestedAt, identity }: BackupDrill,
  place: BackupPlace,
): Promise<Outcome> {
  const { last, lastDrill } = scope.backup ?? {};
  const poll = { pollAfterMs: unwellPoll(scope) };
  if (lastDrill?.requestedAt === requestedAt) return settled({ message: said(scope, identity) });
  if (last === undefined) return waiting("a backup that can be tried", poll);
  if (!holdsIdentity(scope, identity))
    return waiting(
      `the key ${identity.key} in core Secret ${identity.name} (spec.backup.drill.identitySecretRef)`,
      poll,
    );
  const desired = drillJob(deployment, { name: last.name, place, identity }, requestedAt);
  const decision = decideJob(scope.cache.get(jobs, keyOf(desired)), scope.now);
  const awaited = `backup ${last.name} to be restored in a drill`;
  switch (decision.kind) {
    case "create":
      await removeOlder(scope, "drill", desired);
      await scope.kube.apply(jobs, desired, { fieldOwner: scope.fieldOwner("children"), force: true });
      return waiting(awaited, poll);
    case "running":
      return waiting(`${awaited}${await whyNot(scope, podsOf(desired))}`, poll);
    // It stays failed: what a drill found out is not mended by another.
    case "failed":
    case "again": {
      const why = await whyNot(scope, podsOf(desired));
      return waiting(`${awaited}${why}; another requestedAt, or the next backup, tries again`, {
        reason: "DrillFailed",
      });
    }
    case "done": {
      const labelSelector = selectorText(podsOf(desired));
      const report = drillReport(await scope.kube.list(pods, { namespace: namespaceOf(scope), labelSelector }));
      const completedAt = scope.cache.get(jobs, keyOf(desired))?.status?.completionTime ?? timeText(scope.now);
      scope.backup = { ...scope.backup, lastDrill: { name: last.name, requestedAt, completedAt, ...report } };
      scope.event("Normal", "BackupDrilled", said(scope, identity));
      return settled({ message: said(scope, identity) });
    }
    default:
      return decision satisfies never;
  }
}

function said(scope: CloudScope, identity: IdentityReference): string {
  const { name, completedAt = "", projects, secrets } = scope.backup?.lastDrill ?? {};
  const counted = projects === undefined || secrets === undefined ? "" : `: ${projects} projects, ${secrets} secrets`;
  return `Backup ${name} was restored in a drill at ${completedAt}, and its keys fit its data${counted}${identityAdvice(scope, identity)}`;
}

function namespaceOf({ object }: CloudScope): string {
  return object.metadata.namespace ?? "";
}
