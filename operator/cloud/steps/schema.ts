import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { barbicanConfiguration, barbicanSecrets } from "../children/barbican.ts";
import { barbicanSchemaJob, keystoneSchemaJob } from "../children/jobs.ts";
import { keystoneConfiguration, keystoneSecrets } from "../children/keystone.ts";
import { keksOf } from "../decide/key-table.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { runJob } from "./jobs.ts";

/** The services' configuration, and their schemas at the release's. */
export async function ensureSchema(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { custody } = scope;
  if (custody === undefined) throw new Error("the keys are held before the schema");
  const passwords = custody.values("database");
  await applyAll(scope, [
    keystoneConfiguration(deployment),
    keystoneSecrets(deployment, passwords["keystone"] ?? ""),
    barbicanConfiguration(deployment),
    barbicanSecrets(deployment, {
      databasePassword: passwords["barbican"] ?? "",
      password: custody.values("barbicanUser")["password"] ?? "",
      keks: keksOf(custody.values("kek")),
    }),
  ]);
  const outcomes = [
    await runJob(scope, "keystone-db", keystoneSchemaJob(deployment)),
    await runJob(scope, "barbican-db", barbicanSchemaJob(deployment)),
  ];
  return outcomes.find(({ kind }) => kind !== "settled") ?? settled({ message: `As ${deployment.release} has them` });
}
