import { previewUrls } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { barbican } from "../children/barbican.ts";
import { isInMesh } from "../children/mesh.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { keepSecret } from "./smoke.ts";
import { serve } from "./switch.ts";

/** Barbican's pods. Whether it answers is asked later. */
export async function ensureBarbican(
  scope: CloudScope,
  deployment: CloudDeployment,
  signal: AbortSignal,
): Promise<Outcome> {
  const { custody } = scope;
  if (custody === undefined) throw new Error("the keys are held before Barbican");
  const outcome = await serve({
    scope,
    deployment,
    part: "barbican",
    desired: barbican(deployment, readAtStart("barbican", custody.values)),
    replicas: deployment.keyManager.replicas,
    preview: { keyManagerUrl: previewUrls(deployment.cloud, isInMesh(deployment, "barbican")).keyManager },
    check: (clients) => keepSecret(scope, clients, signal),
  });
  return outcome.kind === "settled" ? settled() : outcome;
}
