import { connectionOf } from "#operator/clients/cloud-connection.ts";
import type { KeystoneClient } from "#operator/clients/keystone/client.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import { BARBICAN_USER } from "../children/barbican.ts";
import { catalogChanges } from "../decide/catalog-changes.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { deploymentsOf } from "./switch.ts";

/** Keystone's first domain, which its bootstrap makes. */
const DEFAULT_DOMAIN = "default";
const SERVICE_PROJECT = "service";
const BARBICAN_ROLES = ["admin", "service"] as const;
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
  const missing = await ensureBarbicanUser(
    scope,
    deployment,
    keystone,
    custody.values("barbicanUser")["password"] ?? "",
  );
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

/** Gives what is missing in words that follow "waiting for", or nothing. */
async function ensureBarbicanUser(
  scope: CloudScope,
  deployment: CloudDeployment,
  { users, projects, roles, assignments }: KeystoneClient,
  password: string,
): Promise<string | undefined> {
  const project = await projects.findByName(DEFAULT_DOMAIN, SERVICE_PROJECT);
  if (project === undefined) return `the Keystone project ${SERVICE_PROJECT}`;
  const found = await users.findByName(DEFAULT_DOMAIN, BARBICAN_USER);
  const user = found ?? (await users.create({ name: BARBICAN_USER, domainId: DEFAULT_DOMAIN, password }));
  // Over a database that was there before: the password is set before Barbican starts, and never while it runs, because
  // a token of the same second would stay invalid for ever.
  const started = deploymentsOf(scope, deployment, "barbican").length > 0;
  if (found !== undefined && !started) await users.update(user.id, { password });
  const assigned = await assignments.listForProject(project.id);
  for (const name of BARBICAN_ROLES) {
    const role = await roles.findByName(name);
    if (role === undefined) return `the Keystone role ${name}`;
    const has = assigned.some(({ actor, roleId }) => actor.id === user.id && roleId === role.id);
    if (!has)
      await assignments.assign({ projectId: project.id, roleId: role.id, actor: { kind: "user", id: user.id } });
  }
  return undefined;
}
