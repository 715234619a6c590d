import { BARBICAN_PORT } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { barbican } from "../children/barbican.ts";
import { disruptionBudget } from "../children/disruption-budget.ts";
import { service } from "../children/service.ts";
import type { CloudDeployment } from "../deployment.ts";
import { deployments } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { awaitRollout } from "./workloads.ts";

/** Barbican's pods. Whether it answers is asked later. */
export async function ensureBarbican(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const desired = barbican(deployment);
  await applyAll(scope, [
    service(deployment, "barbican", BARBICAN_PORT),
    desired,
    ...(deployment.keyManager.replicas > 1 ? [disruptionBudget(deployment, "barbican")] : []),
  ]);
  const outcome = await awaitRollout(scope, deployments, desired);
  return outcome.kind === "settled" ? settled() : outcome;
}
