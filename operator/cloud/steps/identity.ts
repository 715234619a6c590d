import { connectionOf, previewUrls } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { checkIdentity } from "../checks.ts";
import { bootstrapJob } from "../children/jobs.ts";
import { keystone } from "../children/keystone.ts";
import { isInMesh } from "../children/mesh.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { runJob } from "./jobs.ts";
import { serve } from "./switch.ts";

/** Keystone's first users, roles and endpoints. */
export async function bootstrap(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const outcome = await runJob(scope, "bootstrap", bootstrapJob(deployment));
  return outcome.kind === "settled" ? settled() : outcome;
}

/** Keystone's pods. Whether it answers is asked later. */
export async function ensureKeystone(
  scope: CloudScope,
  deployment: CloudDeployment,
  signal: AbortSignal,
): Promise<Outcome> {
  const { custody } = scope;
  if (custody === undefined) throw new Error("the keys are held before Keystone");
  const { identity } = connectionOf(deployment.cloud);
  const url = previewUrls(deployment.cloud, isInMesh(deployment, "keystone")).identity;
  const outcome = await serve({
    scope,
    deployment,
    part: "keystone",
    desired: keystone(deployment, readAtStart("keystone", custody.values)),
    replicas: deployment.identity.replicas,
    preview: { identityUrl: url },
    check: (clients) => checkIdentity(clients, { ...identity, url }, scope.call(signal)),
  });
  return outcome.kind === "settled" ? settled() : outcome;
}
