import type { CloudClients } from "#operator/clients/cloud-clients.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { contentOf } from "./described.ts";
import type { Thing, Told } from "./world.ts";

/** All that one project has in Barbican. */
export async function barbicanTold(clients: CloudClients, projectId: string): Promise<Told> {
  try {
    return await look(clients, projectId);
  } catch (error) {
    // Nobody gave the operator its role there, or took it away: such a project is not to be looked into.
    if (!isServiceError(error, "ScopeRefused")) throw error;
    return { things: [{ what: "Barbican", name: projectId, is: "gives no token" }], ids: new Map() };
  }
}

async function look(clients: CloudClients, projectId: string): Promise<Told> {
  const { secrets, metadata, acls, containers, orders } = clients.project(projectId).barbican;
  const ids = new Map<string, string>();
  const things: Thing[] = [];
  const add = (what: string, name: string, is: unknown): void =>
    void things.push({ what: `Barbican ${what}`, name: `${name} in ${projectId}`, is });
  const quota = await clients.quotas().get(projectId);
  if (quota !== undefined) add("quota", "quota", quota);
  for await (const { id, name, createdAt: _created, updatedAt: _updated, ...is } of secrets.list()) {
    const mark = (await metadata.get(id)) ?? {};
    const { "nephele-object": object, "nephele-version": version, "nephele-part": part } = mark;
    const called = object === undefined ? `without mark ${name}` : `${object} version ${version} ${part}`;
    ids.set(id, `<secret ${called}>`);
    const payload = is.hasPayload ? await secrets.readPayload(id, { audit: async () => {} }) : undefined;
    if (payload !== undefined) ids.set(contentOf(payload), `<payload of ${called}>`);
    add("secret", called, { name, ...is, mark, acl: await acls.get(id) });
  }
  for (const { id, marks, name, createdAt: _created, ...is } of await orders.list()) {
    const called = marks.at(-1) ?? `without mark ${name}`;
    ids.set(id, `<order ${called}>`);
    add("order", called, { name, marks, ...is });
  }
  for (const { id, name, createdAt: _created, ...is } of await containers.list()) {
    ids.set(id, `<container ${name}>`);
    add("container", name, { ...is, secrets: Object.fromEntries(is.secrets.map((each) => [each.name, each.id])) });
  }
  return { things, ids };
}
