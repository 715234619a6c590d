import { coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { storeKeysJob } from "../children/jobs.ts";
import { tokensClaim } from "../children/tokens-claim.ts";
import { storeReport } from "../decide/store-report.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll, wellPoll } from "../scope.ts";
import { runJob } from "./jobs.ts";

/** The tokens' volume and the keys in them. Without them Barbican serves its other stores. */
export async function ensureStores(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { pkcs11 } = deployment.keyManager.stores;
  if (pkcs11.length === 0) return settled();
  const namespace = deployment.cloud.metadata.namespace ?? "";
  await ensureTokensClaim(scope, deployment);
  const versions: string[] = [];
  for (const { name, pin } of pkcs11) {
    const secret = scope.cache.get(coreSecrets, { namespace, name: pin.name });
    const where = `core Secret ${namespace}/${pin.name} (spec.keyManager.stores[${name}].pkcs11.pinSecretRef)`;
    if (secret === undefined) return missing(scope, where);
    if ((secret.data?.[pin.key] ?? "") === "") return missing(scope, `the key ${pin.key} in the ${where}`);
    versions.push(`${pin.name} ${secret.metadata.resourceVersion}`);
  }
  const outcome = await runJob(scope, "store-keys", storeKeysJob(deployment, versions.join(", ")));
  if (outcome.kind === "settled")
    scope.keys = [...(scope.keys ?? []).filter(({ custody }) => custody !== "Token"), ...keysInTokens(deployment)];
  return outcome;
}

const missing = (scope: CloudScope, what: string): Outcome =>
  waiting(what, { reason: "InvalidConfiguration", pollAfterMs: unwellPoll(scope) });

/** Whether each store in a token answers, as a worker of Barbican's finds. */
export async function checkStores(
  scope: CloudScope,
  deployment: CloudDeployment,
  signal: AbortSignal,
): Promise<Outcome> {
  const { stores } = deployment.keyManager;
  const { clients, results } = scope;
  // What is waited for before there is anything to ask is what a person is to see.
  if (stores.pkcs11.length === 0 || results.get("StoresReady")?.kind === "waiting") return settled();
  if (clients === undefined) return settled();
  try {
    const { away, said } = storeReport(stores, await clients.storeStates(scope.call(signal)));
    if (away !== undefined) return waiting(away, { reason: "StoreAway", pollAfterMs: unwellPoll(scope) });
    return settled({ message: said, pollAfterMs: wellPoll(scope) });
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return waiting(`Barbican to say how its stores are: ${error.message}`, {
      reason: "TransientError",
      pollAfterMs: unwellPoll(scope),
    });
  }
}

/** The claim for SoftHSM2's tokens, where it is ours. What is there is never changed. */
async function ensureTokensClaim(scope: CloudScope, deployment: CloudDeployment): Promise<void> {
  const { name, storage } = deployment.keyManager.stores.tokens ?? {};
  if (name === undefined || storage === undefined) return;
  const key = { namespace: deployment.cloud.metadata.namespace ?? "", name };
  if ((await scope.kube.get(persistentVolumeClaims, key)) !== undefined) return;
  try {
    await scope.kube.create(persistentVolumeClaims, tokensClaim(deployment, name, storage));
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
  }
}

/** What we made and do not hold. */
function keysInTokens({ keyManager: { stores } }: CloudDeployment): NonNullable<CloudScope["keys"]> {
  return stores.pkcs11.map(({ name }) => ({ name: `pkcs11-${name}`, active: 2, custody: "Token" as const }));
}
