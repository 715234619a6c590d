import { timeText } from "#runtime/api/time.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { restoreDatabasesJob, restoreKeysJob } from "../children/backup-jobs.ts";
import {
  custodyRecord,
  keySetOf,
  restoredFrom,
  restoreNoteOf,
  restoreRecord,
  schemaSpanOf,
} from "../children/custody.ts";
import { usedLogins } from "../decide/database-logins.ts";
import { heldKeys } from "../decide/key-table.ts";
import { decideRestore, type RestoreDecision } from "../decide/restore.ts";
import type { CloudDeployment, RestoreSource } from "../deployment.ts";
import { configMaps } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { holdsIdentity, identityAdvice } from "./backup-identity.ts";
import { runJob } from "./jobs.ts";
import { hasVolume, readSecrets, recordOf } from "./keys.ts";
import { record as recordSpan } from "./schema.ts";

/** How soon the pass comes that goes on with what was put back. */
const GO_ON_MS = 1_000;

/**
 * Before any key is made: where the Cloud is to begin with a backup, its keys are put into custody, and recorded with the
 * releases that the backup's databases serve. What is there already is never written over.
 */
export async function restoreKeys(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { restore } = deployment;
  const decision = await decide(scope, deployment);
  switch (decision.kind) {
    case "none":
    case "databases":
      return settled();
    case "refuse":
      return invalid("spec.restore", decision.problem);
    case "done":
      return restore === undefined
        ? settled()
        : settled({ message: restoredMessage(scope, restore, decision.completedAt) });
    case "begin":
    case "keys": {
      if (restore === undefined) throw new Error("a restore that is not wanted goes on");
      if (decision.kind === "begin") {
        await note(scope, deployment, restore.name);
        scope.event("Normal", "RestoreBegun", `from backup ${restore.name} in the ${placeText(restore)}`);
      }
      return putKeys(scope, deployment, restore);
    }
    default:
      return decision satisfies never;
  }
}

/** Once the databases are there, empty and with the mark of the backup's keys: fills them. */
export async function restoreDatabases(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { restore } = deployment;
  const { custody } = scope;
  if (restore === undefined || (await decide(scope, deployment)).kind !== "databases") return settled();
  if (custody === undefined) throw new Error("the keys are held before the databases are filled");
  const logins = usedLogins(custody.values("database"));
  const outcome = await runJob(scope, "restore", restoreDatabasesJob(deployment, restore, logins));
  if (outcome.kind !== "settled") return outcome;
  const completedAt = timeText(scope.now);
  await note(scope, deployment, restore.name, completedAt);
  scope.restore = { name: restore.name, completedAt };
  const message = restoredMessage(scope, restore, completedAt);
  scope.event("Normal", "Restored", message);
  return settled({ message });
}

function placeText({ place }: RestoreSource): string {
  return place.kind === "claim" ? `claim ${place.name}` : `bucket ${place.bucket} at ${place.endpoint}`;
}

function restoredMessage(scope: CloudScope, { name, identity }: RestoreSource, completedAt: string): string {
  return `Keys and databases came back from backup ${name} at ${completedAt}${identityAdvice(scope, identity)}`;
}

async function decide(scope: CloudScope, deployment: CloudDeployment): Promise<RestoreDecision> {
  const found = recordOf(scope);
  const noted = restoreNoteOf(found);
  const wanted = deployment.restore?.name;
  // Asked only where it matters: of a Cloud that is to begin with a backup, and has not.
  const asks = wanted !== undefined && noted === undefined;
  const dataExists =
    asks &&
    (found !== undefined || readSecrets(scope, heldKeys(deployment)).size > 0 || (await hasVolume(scope, deployment)));
  if (noted !== undefined) {
    const { name, completedAt } = noted;
    scope.restore = { name, ...(completedAt === undefined ? {} : { completedAt }) };
  }
  const { namespace = "" } = scope.object.metadata;
  return decideRestore({ wanted, note: noted, namespace, restorableIn: deployment.platform.namespace, dataExists });
}

/** The Job puts them into core Secrets; they are in custody once they are recorded. */
async function putKeys(scope: CloudScope, deployment: CloudDeployment, restore: RestoreSource): Promise<Outcome> {
  const { cloud } = deployment;
  const { name, key } = restore.identity;
  if (!holdsIdentity(scope, restore.identity))
    return waiting(`the key ${key} in core Secret ${name} (spec.restore.identitySecretRef)`, {
      pollAfterMs: unwellPoll(scope),
    });
  const outcome = await runJob(scope, "restore-keys", restoreKeysJob(deployment, restore));
  if (outcome.kind !== "settled") return outcome;
  const held = readSecrets(scope, heldKeys(deployment));
  const restored = [...held].filter(([, secret]) => restoredFrom(secret) === restore.name);
  const kek = held.get("kek");
  const span = schemaSpanOf(kek);
  const keySet = keySetOf(undefined, kek === undefined ? [] : [kek]);
  if (span === undefined || keySet === undefined || restored.length < held.size)
    return waiting(`the keys of backup ${restore.name} to be seen in their core Secrets`, { pollAfterMs: GO_ON_MS });
  const names = restored.map(([name]) => name);
  await scope.kube.apply(configMaps, custodyRecord(cloud, keySet, names), {
    fieldOwner: scope.fieldOwner("custody"),
    force: true,
  });
  await recordSpan(scope, deployment, span);
  scope.event("Normal", "KeysRestored", `${names.length} kinds of keys are held again, of backup ${restore.name}`);
  return waiting(`the databases of backup ${restore.name}, of ${span.newest}`, { pollAfterMs: GO_ON_MS });
}

async function note(scope: CloudScope, { cloud }: CloudDeployment, name: string, completedAt?: string): Promise<void> {
  await scope.kube.apply(configMaps, restoreRecord(cloud, name, completedAt), {
    fieldOwner: scope.fieldOwner("restore"),
    force: true,
  });
}
