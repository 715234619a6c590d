import { KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { disruptionBudget } from "../children/disruption-budget.ts";
import { bootstrapJob } from "../children/jobs.ts";
import { keystone } from "../children/keystone.ts";
import { service } from "../children/service.ts";
import type { CloudDeployment } from "../deployment.ts";
import { deployments } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { runJob } from "./jobs.ts";
import { awaitRollout } from "./workloads.ts";

/** Keystone's first users, roles and endpoints. */
export async function bootstrap(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const outcome = await runJob(scope, "bootstrap", bootstrapJob(deployment));
  return outcome.kind === "settled" ? settled() : outcome;
}

/** Keystone's pods. Whether it answers is asked later. */
export async function ensureKeystone(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const desired = keystone(deployment);
  await applyAll(scope, [
    service(deployment, "keystone", KEYSTONE_PORT),
    desired,
    ...(deployment.identity.replicas > 1 ? [disruptionBudget(deployment, "keystone")] : []),
  ]);
  const outcome = await awaitRollout(scope, deployments, desired);
  return outcome.kind === "settled" ? settled() : outcome;
}
