import type { CloudClients } from "#operator/clients/cloud-access.ts";
import { connectionOf, edgeUrls } from "#operator/clients/cloud-connection.ts";
import type { CatalogService } from "#operator/clients/keystone/services.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import { catalogChanges, publicUrl } from "../decide/catalog-changes.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { isBarbicanRolledOut } from "./key-manager.ts";
import { ensureServiceUser } from "./service-user.ts";
import { deploymentsOf } from "./switch.ts";

const IDENTITY = { type: "identity", name: "keystone" } as const;
const KEY_MANAGER = { type: "key-manager", name: "barbican" } as const;

/** Barbican's own user with its roles, and the places of both services in the catalog: for people by the edge, once it serves. */
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
  const internal = connectionOf(deployment.cloud);
  const edge = deployment.edge && edgeUrls(deployment.edge.hostnames[0]);
  const serves = scope.edgeServes && isBarbicanRolledOut(scope, deployment);
  const place = { scope, deployment, keystone, serves };
  const identity = await ensurePlace(place, IDENTITY, internal.identity.url, edge?.identity);
  const keyManager = await ensurePlace(place, KEY_MANAGER, internal.keyManager.url, edge?.keyManager);
  if (typeof identity !== "string") return identity;
  if (typeof keyManager !== "string") return keyManager;
  scope.endpoints = {
    ...{ identity, keyManager },
    internal: { identity: internal.identity.url, keyManager: internal.keyManager.url },
  };
  return settled({ message: `Both services have public and internal endpoints in ${deployment.region}` });
}

/** A service and its endpoints. Gives its public address, or why there is none. */
async function ensurePlace(
  {
    scope,
    deployment,
    keystone,
    serves,
  }: {
    readonly scope: CloudScope;
    readonly deployment: CloudDeployment;
    readonly keystone: ReturnType<CloudClients["keystone"]>;
    /** Whether people can come by the edge. */
    readonly serves: boolean;
  },
  wanted: Omit<CatalogService, "id">,
  internal: string,
  edge: string | undefined,
): Promise<string | Outcome> {
  const found = await keystone.services.listByType(wanted.type);
  if (found.length > 1)
    return unrecoverable(
      `Keystone's catalog has ${found.length} services of type ${wanted.type} (${found.map(({ id }) => id).join(", ")}): delete all but one`,
      { pollAfterMs: unwellPoll(scope) },
    );
  const service = found[0] ?? (await keystone.services.create(wanted));
  const endpoints = await keystone.services.endpoints(service.id);
  const { region } = deployment;
  const forPeople = publicUrl(endpoints, region, {
    internal,
    edge: edge === undefined ? undefined : { url: edge, serves },
  });
  const { create, move } = catalogChanges(endpoints, region, { public: forPeople, internal });
  for (const endpoint of create) await keystone.services.createEndpoint(service.id, endpoint);
  for (const { id, url } of move) await keystone.services.moveEndpoint(id, url);
  return forPeople;
}
