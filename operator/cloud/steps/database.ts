import { coreSecrets, pods } from "#operator/api/foreign.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { disruptionBudget } from "../children/disruption-budget.ts";
import { databaseJob } from "../children/jobs.ts";
import { selectorOf, selectorText } from "../children/metadata.ts";
import { postgresql } from "../children/postgresql.ts";
import { PRIMARY, patroniConfiguration, patroniPasswords, ROLE_LABEL } from "../children/postgresql-config.ts";
import { databaseMeshServices } from "../children/postgresql-members.ts";
import { headlessService, service } from "../children/service.ts";
import { databaseLogins } from "../decide/database-logins.ts";
import { primaryOf } from "../decide/database-primary.ts";
import { podsInClear } from "../decide/mesh.ts";
import type { CloudDeployment } from "../deployment.ts";
import { statefulSets } from "../resources.ts";
import { type CloudScope, type Custody, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { runJob } from "./jobs.ts";
import { awaitRollout } from "./workloads.ts";

/** How soon a pass looks for a primary again, in milliseconds: pods are not watched. */
const PRIMARY_POLL_MS = 2_000;

/** PostgreSQL with the services' roles and databases. */
export async function ensureDatabase(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { custody } = scope;
  if (custody === undefined) throw new Error("the keys are held before the database");
  const { database } = deployment;
  const server =
    database.kind === "bundled" ? await ensurePostgresql(scope, deployment, custody) : awaitSecrets(scope, deployment);
  if (server.kind !== "settled") return server;
  const prepared = await runJob(scope, "database", databaseJob(deployment, custody.keySet, loginKeys(custody)));
  if (prepared.kind !== "settled") return prepared;
  const where = `PostgreSQL at ${database.host}:${database.port}`;
  return { ...server, message: server.message === undefined ? where : `${where}: ${server.message}` };
}

function loginKeys(custody: Custody): readonly string[] {
  const values = custody.values("database");
  return (["keystone", "barbican"] as const).flatMap((service) =>
    databaseLogins(values, service).map(({ key }) => key),
  );
}

async function ensurePostgresql(scope: CloudScope, deployment: CloudDeployment, custody: Custody): Promise<Outcome> {
  const { database } = deployment;
  if (database.kind !== "bundled") return settled();
  const { instances, storage, port } = database;
  const { postgres = "", replicator = "" } = custody.values("database");
  const desired = postgresql(deployment, instances, storage);
  await applyAll(scope, [
    patroniConfiguration(deployment),
    patroniPasswords(deployment, { postgres, replicator }),
    ...databaseMeshServices(deployment, podsInClear(scope.pods).length > 0),
    headlessService(deployment, "postgresql", port),
    service(deployment, "postgresql", port, { [ROLE_LABEL]: PRIMARY }),
    desired,
    ...(instances > 1 ? [disruptionBudget(deployment, "postgresql")] : []),
  ]);
  const rollout = await awaitRollout(scope, statefulSets, desired);
  if (rollout.kind !== "settled") return rollout;
  const namespace = deployment.cloud.metadata.namespace ?? "";
  const labelSelector = selectorText(selectorOf(deployment, "postgresql"));
  const primary = primaryOf(await scope.kube.list(pods, { namespace, labelSelector }));
  return primary.kind === "settled" ? rollout : { ...primary, pollAfterMs: PRIMARY_POLL_MS };
}

/** A pod whose Secret is missing says nothing: so we do. */
function awaitSecrets(scope: CloudScope, { database, cloud }: CloudDeployment): Outcome {
  if (database.kind !== "external") return settled();
  const namespace = cloud.metadata.namespace ?? "";
  const { admin, authority } = database;
  const needed = [
    ...["username", "password"].map((key) => ({ name: admin, key, field: "adminSecretRef" })),
    ...(authority === undefined ? [] : [{ ...authority, field: "caSecretRef" }]),
  ];
  for (const { name, key, field } of needed) {
    const secret = scope.cache.get(coreSecrets, { namespace, name });
    const where = `core Secret ${namespace}/${name} (spec.database.external.${field})`;
    if (secret === undefined) return waiting(where, { pollAfterMs: unwellPoll(scope) });
    if ((secret.data?.[key] ?? "") === "")
      return waiting(`the key ${key} in the ${where}`, { pollAfterMs: unwellPoll(scope) });
  }
  return settled();
}
