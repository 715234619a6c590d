import { previewUrls } from "#operator/clients/cloud-connection.ts";
import { type Desired, keyOf } from "#runtime/api/object.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { barbican } from "../children/barbican.ts";
import { isInMesh } from "../children/mesh.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import { rolloutOf } from "../decide/rollout.ts";
import type { CloudDeployment } from "../deployment.ts";
import { deployments } from "../resources.ts";
import type { CloudScope, Custody } from "../scope.ts";
import { keyInToken } from "./secret-stores.ts";
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
  const preparing = storesInTheMaking(scope, deployment);
  if (preparing !== undefined) return preparing;
  const outcome = await serve({
    scope,
    deployment,
    part: "barbican",
    desired: barbicanOf(deployment, custody),
    replicas: deployment.keyManager.replicas,
    preview: { keyManagerUrl: previewUrls(deployment.cloud, isInMesh(deployment, "barbican")).keyManager },
    check: (clients) => keepSecret(scope, clients, signal),
  });
  return outcome.kind === "settled" ? settled() : outcome;
}

/**
 * Until the stores were entered in Barbican's database once no pods are replaced: several that start would enter them at once, and all
 * but one fail. What went wrong with them is no reason to wait: other stores are served.
 */
export function storesInTheMaking(
  { results, object }: CloudScope,
  { keyManager }: CloudDeployment,
): Outcome | undefined {
  const made = new Set(object.status?.keys?.map(({ name }) => name));
  if (keyManager.stores.pkcs11.every((store) => made.has(keyInToken(store)))) return undefined;
  const stores = results.get("StoresReady");
  return stores?.kind === "waiting" && stores.reason === undefined ? stores : undefined;
}

/** Whether all of Barbican's pods are as they are wanted: those of before an edge do not know its paths. */
export function isBarbicanRolledOut({ cache, custody }: CloudScope, deployment: CloudDeployment): boolean {
  if (custody === undefined) return false;
  const desired = barbicanOf(deployment, custody);
  const there = cache.get(deployments, keyOf(desired));
  return there !== undefined && alreadyApplied(there, desired) && rolloutOf(there).complete;
}

function barbicanOf(deployment: CloudDeployment, { values }: Custody): Desired {
  return barbican(deployment, readAtStart("barbican", values));
}
