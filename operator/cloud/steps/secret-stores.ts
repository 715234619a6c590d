import { coreSecrets } from "#operator/api/foreign.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { type Desired, keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { tokensClaim } from "../children/claims.ts";
import { storeKeysJob } from "../children/jobs.ts";
import { refusedPins } from "../children/secret-stores.ts";
import { refusedOf } from "../decide/job.ts";
import { pinDigest } from "../decide/pin-digest.ts";
import { storeReport } from "../decide/store-report.ts";
import type { CloudDeployment } from "../deployment.ts";
import { configMaps, jobs } from "../resources.ts";
import { type CloudScope, unwellPoll, wellPoll } from "../scope.ts";
import type { Pkcs11Store } from "../secret-stores.ts";
import { applyAll } from "./apply.ts";
import { ensureClaim } from "./ensure-claim.ts";
import { runJob } from "./jobs.ts";

/** The tokens' volume and the keys in them. Without them Barbican serves its other stores. */
export async function ensureStores(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { pkcs11, tokens } = deployment.keyManager.stores;
  if (pkcs11.length === 0) return settled();
  const namespace = deployment.cloud.metadata.namespace ?? "";
  if (tokens?.storage !== undefined) await ensureClaim(scope, tokensClaim(deployment, tokens.name, tokens.storage));
  const { custody } = scope;
  if (custody === undefined) throw new Error("the keys are held before the stores");
  const pins: string[] = [];
  for (const { name, pin } of pkcs11) {
    const secret = scope.cache.get(coreSecrets, { namespace, name: pin.name });
    const where = `core Secret ${namespace}/${pin.name} (spec.keyManager.stores[${name}].pkcs11.pinSecretRef)`;
    if (secret === undefined) return missing(scope, where);
    const value = secret.data?.[pin.key] ?? "";
    if (value === "") return missing(scope, `the key ${pin.key} in the ${where}`);
    pins.push(`${name} ${pinDigest(custody.values("kek"), name, value)}`);
  }
  const job = storeKeysJob(deployment, pins.join(", "));
  await tellRefused(scope, deployment, job);
  const outcome = await runJob(scope, "store-keys", job);
  if (outcome.kind === "settled")
    scope.keys = [...(scope.keys ?? []).filter(({ custody }) => custody !== "Token"), ...keysInTokens(deployment)];
  return outcome;
}

/** Tells Barbican's pods which PINs the Job found to be refused. */
async function tellRefused(scope: CloudScope, deployment: CloudDeployment, job: Desired): Promise<void> {
  const names = deployment.keyManager.stores.pkcs11.map(({ name }) => name);
  const refused = refusedOf(scope.cache.get(jobs, keyOf(job)), names);
  if (refused === undefined) return;
  const said = refusedPins(deployment, refused);
  if (refused.length > 0 || scope.cache.get(configMaps, keyOf(said)) !== undefined) await applyAll(scope, [said]);
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

/** How status calls the keys of a store, which is there once the stores were entered in Barbican's database. */
export const keyInToken = ({ name }: Pkcs11Store): string => `pkcs11-${name}`;

/** What we made and do not hold. */
function keysInTokens({ keyManager: { stores } }: CloudDeployment): NonNullable<CloudScope["keys"]> {
  return stores.pkcs11.map((store) => ({ name: keyInToken(store), active: 2, custody: "Token" as const }));
}
