import { isServiceError } from "#operator/clients/service-error.ts";
import { shortList } from "#operator/short-list.ts";
import { type Outcome, waiting } from "#runtime/controller/outcome.ts";
import type { ProjectScope } from "../scope.ts";
import type { ProjectKeystone } from "../services.ts";
import { AWAITED_POLL_MS } from "./keystone-project.ts";

/** So many secrets are deleted in one pass, so that status says how far it is: each takes some ten milliseconds. */
const AT_ONCE = 100;
const GO_ON_MS = 1;

/**
 * Deletes what is left in the project in Barbican, by a token of the project: Keystone deletes none of it, and nobody
 * could reach it afterwards. Undefined when nothing is left.
 */
export async function sweepSecrets(
  scope: ProjectScope,
  keystone: ProjectKeystone,
  projectId: string,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { userId } = await keystone.whoAmI();
  const roleId = (await keystone.roles.findByName("member"))?.id;
  if (roleId === undefined || scope.cloud === undefined)
    return waiting("Keystone role member", { pollAfterMs: AWAITED_POLL_MS });
  await keystone.assignments.assign({ projectId, roleId, actor: { kind: "user", id: userId } });
  const { barbican } = scope.cloud.clients.project(projectId, { signal, requestId: `req-${scope.reconcileId}` });
  for (const { id } of await barbican.containers.list()) await barbican.containers.delete(id);
  for (const { id } of await barbican.orders.list()) await barbican.orders.delete(id);
  // Listed to the end first: pages are counted, and what is deleted would move the next one.
  const ids: string[] = [];
  for await (const { id } of barbican.secrets.list()) ids.push(id);
  const kept: string[] = [];
  let deleted = 0;
  for (const id of ids) {
    if (deleted === AT_ONCE)
      return waiting(`${ids.length - deleted} secrets of the Keystone project ${projectId} in Barbican to be deleted`, {
        pollAfterMs: GO_ON_MS,
      });
    try {
      // Whoever uses it still: its project goes.
      await barbican.secrets.delete(id, { force: true });
      deleted += 1;
    } catch (error) {
      if (!isServiceError(error, "Forbidden")) throw error;
      kept.push(id);
    }
  }
  if (kept.length === 0) return undefined;
  return waiting(
    `Barbican secrets ${shortList(kept)} of the Keystone project ${projectId}, ` +
      "which are private to their owners, to be deleted by them or by somebody with the role admin in it; " +
      "spec.onDelete: Retain leaves the Keystone project with all it has",
    { pollAfterMs: AWAITED_POLL_MS },
  );
}
