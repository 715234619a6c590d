import type { Project } from "#operator/api/generated/project.ts";
import { projects } from "#operator/api/resources.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { consumerChanges, foreignConsumers } from "../consumers.ts";
import type { Order } from "../key-manager.ts";
import { orderMarkOf } from "../mark.ts";
import { REFUSAL_POLL_MS } from "../periods.ts";
import { discardOrder, removeVersion } from "../remove-version.ts";
import { type SecretScope, set } from "../scope.ts";
import { correctAll, wantedAcl } from "./ensure-access.ts";
import { serversOf } from "./ensure-consumers.ts";
import { lookLive } from "./observe.ts";
import { findHome, PROJECTS_BY_NAMESPACE } from "./resolve-project.ts";

/** A Secret that is in use stays until nobody uses it. */
export async function awaitConsumers(scope: SecretScope): Promise<Outcome> {
  const names = serversOf(scope).toSorted();
  if (names.length === 0) return settled();
  return waiting(`${names.length === 1 ? "Server" : "Servers"} ${names.join(", ")} to be deleted or to use it no more`);
}

/**
 * Finds the way to Barbican. Where there is none for good, or not while the Project is disabled, the object goes all
 * the same: what stays behind carries its mark, and the sweep takes it when the Project has tokens again. What is to be
 * retained must be marked so before: while the Project is disabled, that is waited for.
 */
export async function findWay(scope: SecretScope, signal: AbortSignal): Promise<Outcome> {
  const outcome = await findHome(scope, signal);
  if (outcome.kind !== "waiting") return outcome;
  const left = (scope.secret.status?.versions ?? []).length;
  const retained = scope.secret.spec.onDelete === "Retain" && left > 0;
  if (retained && outcome.reason === "ProjectDisabled" && !isProjectDeleted(scope)) return outcome;
  if (left > 0)
    scope.context.event(
      "Warning",
      "LeftInBarbican",
      `${left} versions stay in Barbican for now: waiting for ${outcome.for}`,
    );
  return settled();
}

/** A Project that goes decides what stays of its secrets. */
function isProjectDeleted({ context, secret }: SecretScope): boolean {
  const [project] = context.cache.byIndex<Project>(projects, PROJECTS_BY_NAMESPACE, secret.metadata.namespace ?? "");
  return project !== undefined && isDeleting(project);
}

/** Takes all versions away, or, where they are retained, only what says that we use them. */
export async function leaveBarbican(scope: SecretScope, signal: AbortSignal): Promise<Outcome> {
  if (scope.home === undefined || signal.aborted) return settled();
  const { spec } = scope.secret;
  if (spec.source.import !== undefined) return release(scope, spec.source.import.id);
  await lookLive(scope);
  for (const { parts } of set(scope.versions, "versions")) {
    const { consumers = [] } = scope.listed.get(parts.secret) ?? {};
    const others = foreignConsumers(scope.owner, consumers);
    if (others.length > 0 && spec.onDelete === "Delete") {
      const names = others.map(({ service, resourceType }) => `${service} ${resourceType}`).join(", ");
      return waiting(`${names} to use secret ${parts.secret} of Barbican no more`, { pollAfterMs: REFUSAL_POLL_MS });
    }
    await release(scope, parts.secret);
  }
  return spec.onDelete === "Delete" ? removeAll(scope) : retain(scope);
}

async function removeAll(scope: SecretScope): Promise<Outcome> {
  for (const version of set(scope.versions, "versions")) await removeVersion(scope, version);
  for (const order of await ownOrders(scope)) await discardOrder(set(scope.home, "home").keys, order);
  return settled();
}

/** The marks say that the versions are retained, so that no sweep takes them; the orders are of no more use. */
async function retain(scope: SecretScope): Promise<Outcome> {
  const { keys } = set(scope.home, "home");
  await correctAll(scope, await wantedAcl(scope));
  for (const { id } of await ownOrders(scope)) await keys.deleteOrder(id);
  return settled();
}

async function ownOrders(scope: SecretScope): Promise<readonly Order[]> {
  const { keys } = set(scope.home, "home");
  if (scope.secret.spec.source.generate?.algorithm === undefined) return [];
  const orders = await keys.ordersByMark(orderMarkOf.object(scope.owner));
  return orders.filter(({ creatorId }) => creatorId === keys.userId);
}

async function release(scope: SecretScope, id: string): Promise<Outcome> {
  const { keys } = set(scope.home, "home");
  const consumers = (await keys.get(id))?.consumers ?? [];
  for (const consumer of consumerChanges(scope.owner, consumers, []).remove) await keys.removeConsumer(id, consumer);
  return settled();
}
