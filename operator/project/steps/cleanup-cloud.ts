import { clouds } from "#operator/api/resources.ts";
import { CloudSecretError, cloudOf } from "#operator/clients/cloud-access.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { KeystoneProject } from "../decide/keystone-project.ts";
import { projectTag } from "../names.ts";
import type { ProjectScope } from "../scope.ts";
import type { ProjectKeystone } from "../services.ts";
import { AWAITED_POLL_MS, keystoneOf } from "./keystone-project.ts";
import { findRobots } from "./robots.ts";
import { sweepSecrets } from "./sweep.ts";

/** Finds the Cloud once more. A Project that never reached one has nothing there. */
export async function resolveCloudAgain(scope: ProjectScope): Promise<Outcome> {
  const { project, cache, deps, facts, clock } = scope;
  clock.forget(project);
  const choice = cloudOf(project, cache.list(clouds));
  if (choice.kind === "awaited") {
    if (facts.cloudRef === undefined) return settled();
    return waiting(`${choice.awaited}, to clean up in it (docs/project.md says how to let go without it)`);
  }
  try {
    scope.cloud = { cloud: choice.cloud, clients: await deps.clouds.forCloud(choice.cloud) };
    return settled();
  } catch (error) {
    if (error instanceof CloudSecretError) return waiting(error.awaited, { pollAfterMs: AWAITED_POLL_MS });
    throw error;
  }
}

/** Removes the Keystone project with all in it, or leaves it to its own life, as `onDelete` says. */
export async function leaveKeystone(scope: ProjectScope, signal: AbortSignal): Promise<Outcome> {
  if (scope.cloud === undefined) return settled();
  const { project, facts } = scope;
  const keystone = keystoneOf(scope, signal);
  const found = await findOwn(scope, keystone);
  facts.domainID ??= found?.domainId;
  const { robots } = await findRobots(scope, signal);
  for (const robot of robots) await keystone.users.delete(robot.id);
  if (found === undefined) return settled();
  return project.spec.onDelete === "Delete" && project.spec.adopt === undefined
    ? remove(scope, keystone, found, signal)
    : retain(scope, keystone, found);
}

/** The Keystone project that is ours, whether status knows it or not. One without our tag is left alone. */
async function findOwn(
  { project, deps, facts }: ProjectScope,
  keystone: ProjectKeystone,
): Promise<KeystoneProject | undefined> {
  const tag = projectTag(deps.installationId, project);
  if (facts.id !== undefined) {
    const known = await keystone.projects.get(facts.id);
    if (known?.tags.includes(tag) === true) return known;
  }
  return (await keystone.projects.listByTag(tag))[0];
}

async function remove(
  scope: ProjectScope,
  keystone: ProjectKeystone,
  found: KeystoneProject,
  signal: AbortSignal,
): Promise<Outcome> {
  const { project } = scope;
  // A disabled project gives no token to sweep it with. It opens to the operator alone: all others lose their roles first,
  // but for those that the domain hands down. So it is closed again where it cannot go yet.
  const disabled = !found.enabled || !project.spec.enabled;
  if (disabled) await revokeAll(keystone, found.id);
  if (!found.enabled) await keystone.projects.update(found.id, { enabled: true });
  const close = async (): Promise<void> => {
    if (disabled) await keystone.projects.update(found.id, { enabled: false });
  };
  let left: Outcome | undefined;
  try {
    left = await sweepSecrets(scope, keystone, found.id, signal);
  } catch (error) {
    await close();
    throw error;
  }
  if (left !== undefined) {
    await close();
    return left;
  }
  await scope.cloud?.clients.quotas({ signal, requestId: `req-${scope.reconcileId}` }).delete(found.id);
  await keystone.projects.delete(found.id);
  scope.event("Normal", "ProjectDeleted", `Deleted the Keystone project ${found.id} with its secrets`);
  return settled();
}

/** The project goes on without us: its members keep their roles, our tag, our role and our robots go. */
async function retain(scope: ProjectScope, keystone: ProjectKeystone, found: KeystoneProject): Promise<Outcome> {
  const { project, deps } = scope;
  const { userId } = await keystone.whoAmI();
  const roleId = (await keystone.roles.findByName("member"))?.id;
  if (roleId !== undefined)
    await keystone.assignments.unassign({ projectId: found.id, roleId, actor: { kind: "user", id: userId } });
  const tag = projectTag(deps.installationId, project);
  // Last, because by the tag it is found again.
  await keystone.projects.update(found.id, { tags: found.tags.filter((other) => other !== tag) });
  scope.event(
    "Normal",
    "ProjectRetained",
    `Left the Keystone project ${found.id} (${found.name}) where it is; a new Project takes it by spec.adopt.id`,
  );
  return settled();
}

/** Takes every role on the project from everybody else, also those that somebody gave in Keystone. */
async function revokeAll(keystone: ProjectKeystone, projectId: string): Promise<void> {
  const { userId } = await keystone.whoAmI();
  for (const assignment of await keystone.assignments.listForProject(projectId)) {
    if (assignment.actor.kind === "user" && assignment.actor.id === userId) continue;
    await keystone.assignments.unassign({ ...assignment, projectId });
  }
}
