import type { Project } from "#operator/api/generated/project.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { CloudSecretError, cloudOf } from "#operator/clients/cloud-access.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { SecretScope } from "../scope.ts";

/** The index of Projects by the namespace that is theirs. */
export const PROJECTS_BY_NAMESPACE = "secret:project-of-namespace";

/** Keys under which a Project is found: the namespace that it took. One that it only wishes for is not its own yet. */
export function namespacesOf(project: Project): readonly string[] {
  const namespace = project.status?.namespace;
  return namespace === undefined ? [] : [namespace];
}

/** Finds the Project that owns the namespace, and its key manager. */
export async function resolveProject(scope: SecretScope, signal: AbortSignal): Promise<Outcome> {
  const namespace = scope.secret.metadata.namespace ?? "";
  const [project] = scope.context.cache.byIndex<Project>(projects, PROJECTS_BY_NAMESPACE, namespace);
  if (project !== undefined && isDeleting(project))
    return waiting(`Project ${project.metadata.name}, which is being deleted, to be made again`);
  return findHome(scope, signal);
}

/** As `resolveProject`, but a Project that is being deleted will do: its secrets go before it does. */
export async function findHome(scope: SecretScope, signal: AbortSignal): Promise<Outcome> {
  const { cache, reconcileId } = scope.context;
  const namespace = scope.secret.metadata.namespace ?? "";
  const [project, other] = cache.byIndex<Project>(projects, PROJECTS_BY_NAMESPACE, namespace);
  if (project === undefined) return waiting(`Project ${namespace}: no Project has taken the namespace ${namespace}`);
  const name = project.metadata.name;
  if (other !== undefined)
    return waiting(
      `one Project to have the namespace ${namespace}: ${name} and ${other.metadata.name} both say it is theirs`,
    );
  if (!project.spec.enabled)
    return waiting(`Project ${name} to be enabled again (spec.enabled)`, { reason: "ProjectDisabled" });
  const projectId = project.status?.id;
  if (projectId === undefined) return waiting(`Project ${name} to have its id in Keystone`);
  const choice = cloudOf(project, cache.list(clouds));
  if (choice.kind === "awaited") return waiting(choice.awaited);
  try {
    const keys = await scope.deps.clouds.keyManager(choice.cloud, projectId, { reconcileId, signal });
    scope.home = { project, cloud: choice.cloud, projectId, keys };
    return settled();
  } catch (error) {
    if (error instanceof CloudSecretError) return waiting(error.awaited);
    throw error;
  }
}
