import type { KeystoneClient } from "#operator/clients/keystone/client.ts";

/** Keystone's first domain, which its bootstrap makes. */
export const DEFAULT_DOMAIN = "default";
const SERVICE_PROJECT = "service";
const ROLES = ["admin", "service"] as const;

export interface ServiceUser {
  readonly username: string;
  readonly password: string;
}

/**
 * A user of a service, with its roles. Gives what is missing in words that follow "waiting for", or nothing.
 * @param reset whether one that is there gets the password: only where nobody logs in as it, because a token of the same
 *   second would stay invalid for ever
 */
export async function ensureServiceUser(
  { users, projects, roles, assignments }: KeystoneClient,
  { username, password }: ServiceUser,
  reset: boolean,
): Promise<string | undefined> {
  const project = await projects.findByName(DEFAULT_DOMAIN, SERVICE_PROJECT);
  if (project === undefined) return `the Keystone project ${SERVICE_PROJECT}`;
  const found = await users.findByName(DEFAULT_DOMAIN, username);
  const user = found ?? (await users.create({ name: username, domainId: DEFAULT_DOMAIN, password }));
  if (found !== undefined && reset) await users.update(user.id, { password });
  const assigned = await assignments.listForProject(project.id);
  for (const name of ROLES) {
    const role = await roles.findByName(name);
    if (role === undefined) return `the Keystone role ${name}`;
    const has = assigned.some(({ actor, roleId }) => actor.id === user.id && roleId === role.id);
    if (!has)
      await assignments.assign({ projectId: project.id, roleId: role.id, actor: { kind: "user", id: user.id } });
  }
  return undefined;
}
