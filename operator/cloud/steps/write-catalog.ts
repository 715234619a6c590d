import { connectionOf } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import { catalogChanges } from "../decide/catalog-changes.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { ensureServiceUser } from "./service-user.ts";
import { deploymentsOf } from "./switch.ts";

const KEY_MANAGER = { type: "key-manager", name: "barbican" } as const;

/** Barbican's own user with its roles, and its place in the catalog. */
export async function ensureCatalog(
  scope: CloudScope,
  deployment: CloudDeployment,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clients, custody } = scope;
  if (clients === undefined || custody === undefined) throw new Error("keys and clients come before the catalog");
  const keystone = clients.keystone(scope.call(signal));
  // Over a database that was there before, the password is set before Barbican starts, and never while it runs.
  const started = deploymentsOf(scope, deployment, "barbican").length > 0;
  const { username = "", password = "" } = custody.values("barbicanUser");
  const missing = await ensureServiceUser(keystone, { username, password }, !started);
  if (missing !== undefined) return waiting(missing, { pollAfterMs: unwellPoll(scope) });
  const { identity, keyManager } = connectionOf(deployment.cloud);
  const found = await keystone.services.listByType(KEY_MANAGER.type);
  if (found.length > 1)
    return unrecoverable(
      `Keystone's catalog has ${found.length} services of type ${KEY_MANAGER.type} (${found.map(({ id }) => id).join(", ")}): delete all but one`,
      { pollAfterMs: unwellPoll(scope) },
    );
  const service = found[0] ?? (await keystone.services.create(KEY_MANAGER));
  const endpoints = await keystone.services.endpoints(service.id);
  const { create, move } = catalogChanges(endpoints, deployment.region, keyManager.url);
  for (const endpoint of create) await keystone.services.createEndpoint(service.id, endpoint);
  for (const { id, url } of move) await keystone.services.moveEndpoint(id, url);
  scope.endpoints = {
    identity: identity.url,
    keyManager: keyManager.url,
    internal: { identity: identity.url, keyManager: keyManager.url },
  };
  return settled({ message: `Both services have public and internal endpoints in ${deployment.region}` });
}
