import type { Project } from "#operator/api/generated/project.ts";
import { isServiceError } from "#operator/clients/service-error.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import {
  adoptionProblem,
  type KeystoneProject,
  keystoneChanges,
  keystoneName,
  nameTaken,
  newKeystoneProject,
} from "../decide/keystone-project.ts";
import { projectTag } from "../names.ts";
import { notLookedAt, type ProjectScope } from "../scope.ts";
import type { ProjectKeystone } from "../services.ts";

/** How often Keystone is asked again for what somebody else is to make there. */
export const AWAITED_POLL_MS = 60_000;

/** The Keystone project is there, is ours, and is as the spec says. */
export async function ensureKeystoneProject(scope: ProjectScope, signal: AbortSignal): Promise<Outcome> {
  if (!scope.compares) return notLookedAt;
  const { project, facts } = scope;
  const keystone = keystoneOf(scope, signal);
  const domain = await keystone.domains.findByName(project.spec.domain);
  if (domain === undefined) return waiting(`Keystone domain ${project.spec.domain}`, { pollAfterMs: AWAITED_POLL_MS });
  facts.domainID = domain.id;
  const found = await findOrCreate(scope, keystone, domain.id);
  if ("kind" in found) return found;
  facts.id = found.id;
  await correct(scope, keystone, found);
  return settled();
}

/** Keystone with the operator's own, system-scoped token: only a Project's life is administered with it. */
export function keystoneOf({ cloud, reconcileId }: ProjectScope, signal: AbortSignal): ProjectKeystone {
  if (cloud === undefined) throw new Error("the step resolveCloud comes first");
  return cloud.clients.keystone({ signal, requestId: `req-${reconcileId}` });
}

async function findOrCreate(
  scope: ProjectScope,
  keystone: ProjectKeystone,
  domainId: string,
): Promise<KeystoneProject | Outcome> {
  const { project, deps, facts } = scope;
  const tag = projectTag(deps.installationId, project);
  if (project.spec.adopt !== undefined) return adopt(scope, keystone, project.spec.adopt.id, domainId, tag);
  if (facts.id !== undefined) {
    const known = await keystone.projects.get(facts.id);
    if (known !== undefined) return known;
  }
  const tagged = await keystone.projects.listByTag(tag);
  const [first, ...others] = tagged;
  if (first !== undefined) return oneOfOurs(project, first, others, domainId, tag);
  return create(scope, keystone, domainId, tag);
}

/** A project with our tag and no record of it: made by a pass that was cut off, or before a restore. */
function oneOfOurs(
  project: Project,
  first: KeystoneProject,
  others: readonly KeystoneProject[],
  domainId: string,
  tag: string,
): KeystoneProject | Outcome {
  if (others.length > 0) {
    const ids = [first, ...others].map(({ id }) => id).join(", ");
    return unrecoverable(
      `Keystone has ${others.length + 1} projects with the tag ${tag} (${ids}): take it from all but one`,
      {
        pollAfterMs: AWAITED_POLL_MS,
      },
    );
  }
  if (first.domainId === domainId) return first;
  return unrecoverable(
    `Keystone has the project ${first.id} with the tag ${tag} in the domain ${first.domainId}, and spec.domain is ` +
      `${project.spec.domain} (${domainId}): take the tag away there, or make the Project with that domain`,
    { pollAfterMs: AWAITED_POLL_MS },
  );
}

async function adopt(
  scope: ProjectScope,
  keystone: ProjectKeystone,
  id: string,
  domainId: string,
  tag: string,
): Promise<KeystoneProject | Outcome> {
  const { project, facts } = scope;
  const found = await keystone.projects.get(id);
  if (found === undefined) {
    if (facts.id === undefined)
      return waiting(`Keystone project ${id} (spec.adopt.id)`, { pollAfterMs: AWAITED_POLL_MS });
    return unrecoverable(`the adopted Keystone project ${id} was deleted: it is not ours to make again`, {
      pollAfterMs: AWAITED_POLL_MS,
    });
  }
  const problem = adoptionProblem(project, tag, domainId, found);
  if (problem !== undefined) return { ...problem, pollAfterMs: AWAITED_POLL_MS };
  if (facts.id === undefined)
    scope.event("Normal", "ProjectAdopted", `Adopted the Keystone project ${id} (${found.name})`);
  return found;
}

async function create(
  scope: ProjectScope,
  keystone: ProjectKeystone,
  domainId: string,
  tag: string,
): Promise<KeystoneProject | Outcome> {
  const { project, facts } = scope;
  const lost = facts.id;
  try {
    const created = await keystone.projects.create(newKeystoneProject(project, domainId, tag));
    if (lost === undefined) scope.event("Normal", "ProjectCreated", `Made the Keystone project ${created.id}`);
    else
      scope.event(
        "Warning",
        "ProjectRecreated",
        `The Keystone project ${lost} was deleted by somebody; made ${created.id}`,
      );
    return created;
  } catch (error) {
    if (!isServiceError(error, "Conflict")) throw error;
    const taken = await keystone.projects.findByName(domainId, keystoneName(project));
    if (taken === undefined) throw error;
    // Our own request may have been answered twice.
    return taken.tags.includes(tag) ? taken : nameTaken(project, taken, AWAITED_POLL_MS);
  }
}

async function correct(scope: ProjectScope, keystone: ProjectKeystone, found: KeystoneProject): Promise<void> {
  const { project, deps } = scope;
  const changes = keystoneChanges(project, projectTag(deps.installationId, project), found);
  if (changes === undefined) return;
  await keystone.projects.update(found.id, changes);
  const fields = Object.keys(changes).join(", ");
  // Seen before in this generation, so the spec did not ask for it.
  if (project.status?.observedGeneration === project.metadata.generation && project.status?.id === found.id)
    scope.event("Warning", "DriftCorrected", `Set ${fields} of the Keystone project ${found.id} back to the spec`);
}
