import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { barbicanConfiguration, barbicanSecrets } from "../children/barbican.ts";
import { schemaRecord } from "../children/custody.ts";
import { barbicanSchemaJob, keystoneSchemaJob, SCHEMA_TASKS } from "../children/jobs.ts";
import { keystoneConfiguration, keystoneSecrets } from "../children/keystone.ts";
import { databaseLogin } from "../decide/database-logins.ts";
import { keksOf } from "../decide/key-table.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import type { SchemaSpan } from "../decide/release.ts";
import type { CloudDeployment } from "../deployment.ts";
import { configMaps } from "../resources.ts";
import { type CloudScope, type ReleasePlan, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { awaitsBackup } from "./backup.ts";
import { runJob, stopJobs } from "./jobs.ts";

/** The services' configuration, and schemas that serve the release that is wanted. */
export async function ensureSchema(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { custody, plan } = scope;
  if (custody === undefined || plan === undefined) throw new Error("release and keys are looked at before the schema");
  const { values } = custody;
  const { username = "", password = "" } = values("barbicanUser");
  await applyAll(scope, [
    keystoneConfiguration(deployment),
    keystoneSecrets(deployment, databaseLogin(values("database"), "keystone"), readAtStart("keystone", values)),
    barbicanConfiguration(deployment),
    barbicanSecrets(
      deployment,
      {
        login: databaseLogin(values("database"), "barbican"),
        user: { username, password },
        keks: keksOf(values("kek")),
      },
      readAtStart("barbican", values),
    ),
  ]);
  return migrate(scope, deployment, plan);
}

async function migrate(scope: CloudScope, deployment: CloudDeployment, plan: ReleasePlan): Promise<Outcome> {
  const { decision, span, recorded } = plan;
  const { release } = deployment;
  switch (decision.kind) {
    case "deploy":
    case "keep": {
      // After an upgrade this is its contraction.
      const outcome = await bring(scope, deployment, "whole");
      if (outcome.kind !== "settled") return outcome;
      if (!recorded) await record(scope, deployment, { oldest: release, newest: release });
      return settled({ message: `As ${release} has them` });
    }
    case "upgrade": {
      const { from } = decision;
      if (awaitsBackup(scope, deployment))
        return waiting(
          `a backup of ${from} before the schemas are expanded for ${release}: BackupReady says how far it is`,
          { pollAfterMs: unwellPoll(scope) },
        );
      if (span?.newest !== release) {
        // What the last upgrade left is contracted first: expansions are made for the schema of one release.
        const before = await bring(scope, { ...deployment, release: from }, "whole");
        if (before.kind !== "settled") return before;
        // Before the schemas change, so that whoever comes after a crash knows that they may have.
        await record(scope, deployment, { oldest: from, newest: release });
        scope.event("Normal", "UpgradeBegun", `from ${from} to ${release}: the schemas are expanded`);
      }
      const outcome = await bring(scope, deployment, "expand");
      if (outcome.kind !== "settled") return outcome;
      if (scope.release?.phase === "Expanding")
        scope.release = { ...scope.release, phase: "Rolling", rollbackTo: from };
      return settled({ message: `Expanded: ${from} and ${release} both work with them` });
    }
    case "rollBack":
      await stopJobs(scope, SCHEMA_TASKS);
      return settled({ message: `Expanded: ${release} and ${decision.from} both work with them` });
    default:
      return decision satisfies never;
  }
}

async function bring(scope: CloudScope, deployment: CloudDeployment, extent: "expand" | "whole"): Promise<Outcome> {
  const outcomes = [
    await runJob(scope, "keystone-db", keystoneSchemaJob(deployment, extent)),
    await runJob(scope, "barbican-db", barbicanSchemaJob(deployment)),
  ];
  return outcomes.find(({ kind }) => kind !== "settled") ?? settled();
}

/** Writes which releases the schemas serve from now on. */
export async function record(scope: CloudScope, { cloud }: CloudDeployment, span: SchemaSpan): Promise<void> {
  await scope.kube.apply(configMaps, schemaRecord(cloud, span), {
    fieldOwner: scope.fieldOwner("schema"),
    force: true,
  });
}
