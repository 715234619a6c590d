import { CloudSecretError } from "#operator/clients/cloud-access.ts";
import { connectionOf, isDeployed } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { checkCatalog, checkIdentity, checkKeyManager } from "../checks.ts";
import { missingHypervisor } from "../hypervisor.ts";
import { customResourceDefinitions } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";

export async function checkHypervisor({ cache, results }: CloudScope): Promise<Outcome> {
  const missing = missingHypervisor((name) => cache.get(customResourceDefinitions, { name }) !== undefined);
  results.set(
    "HypervisorReady",
    missing === undefined
      ? settled({ message: "KubeVirt and CDI are served" })
      : waiting(`what Servers and Images are made of: ${missing}`),
  );
  return settled();
}

export async function resolveClients(scope: CloudScope): Promise<Outcome> {
  try {
    scope.clients = await scope.deps.clouds.forCloud(scope.object);
    return settled();
  } catch (error) {
    if (!(error instanceof CloudSecretError)) throw error;
    const outcome = waiting(error.awaited, { pollAfterMs: unwellPoll(scope) });
    scope.results.set("IdentityReady", outcome);
    return outcome;
  }
}

/** Keystone answers and knows us. */
export async function askIdentity(scope: CloudScope, signal: AbortSignal): Promise<Outcome> {
  const { clients, object, results } = scope;
  if (clients === undefined) return settled();
  const outcome = await checkIdentity(clients, connectionOf(object).identity, scope.call(signal));
  results.set("IdentityReady", outcome);
  // Without Keystone nothing can be known of the others: they keep their word.
  return outcome.kind === "settled" ? settled() : { ...outcome, pollAfterMs: unwellPoll(scope) };
}

/** Barbican answers; and of services that exist, that the catalog has them. What is deployed wrote its catalog itself. */
export async function askOthers(scope: CloudScope, signal: AbortSignal): Promise<Outcome> {
  const { clients, object, results } = scope;
  if (clients === undefined) return settled();
  const { identity, keyManager } = connectionOf(object);
  const call = scope.call(signal);
  results.set("KeyManagerReady", await checkKeyManager(clients, keyManager.url, identity.credentials.because, call));
  if (isDeployed(object)) return settled();
  const { outcome, endpoints } = await checkCatalog(clients, object.spec.region, call);
  results.set("CatalogReady", outcome);
  scope.endpoints = endpoints ?? scope.endpoints;
  return settled();
}
