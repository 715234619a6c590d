import type { Project } from "#operator/api/generated/project.ts";
import { type Blocked, invalid } from "#runtime/controller/outcome.ts";
import { claimedByOther } from "../names.ts";

/** A project as Keystone keeps it; the part that a Project speaks of. */
export interface KeystoneProject {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  /** A domain is to be had as a project, too. */
  readonly isDomain: boolean;
  readonly description: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
}

export interface KeystoneProjectChanges {
  readonly name?: string;
  readonly description?: string;
  readonly enabled?: boolean;
  readonly tags?: readonly string[];
}

export type NewKeystoneProject = Omit<KeystoneProject, "id" | "isDomain">;

/** What Keystone is asked to make. */
export function newKeystoneProject(project: Project, domainId: string, tag: string): NewKeystoneProject {
  return {
    name: keystoneName(project),
    domainId,
    description: project.spec.description ?? "",
    enabled: project.spec.enabled,
    tags: [tag],
  };
}

/**
 * What to change so that the Keystone project is as the spec says; undefined where it is. A project that was adopted
 * keeps its name and description where the spec says none.
 */
export function keystoneChanges(
  project: Project,
  tag: string,
  current: KeystoneProject,
): KeystoneProjectChanges | undefined {
  const { spec } = project;
  const adopted = spec.adopt !== undefined;
  const name = adopted ? (spec.name ?? current.name) : keystoneName(project);
  const description = adopted ? (spec.description ?? current.description) : (spec.description ?? "");
  const changes: KeystoneProjectChanges = {
    ...(current.name === name ? {} : { name }),
    ...(current.description === description ? {} : { description }),
    ...(current.enabled === spec.enabled ? {} : { enabled: spec.enabled }),
    ...(current.tags.includes(tag) ? {} : { tags: [...current.tags, tag] }),
  };
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** Why the project of `spec.adopt.id` may not be taken over; undefined where it may. */
export function adoptionProblem(
  project: Project,
  tag: string,
  domainId: string,
  found: KeystoneProject,
): Blocked | undefined {
  if (found.isDomain)
    return invalid(
      "spec.adopt.id",
      `${found.id} is the domain ${found.name} and no project: give the id of a project in it`,
    );
  const other = claimedByOther(found.tags, tag);
  if (other !== undefined) return invalid("spec.adopt.id", `the Keystone project ${found.id} belongs to ${other}`);
  if (found.domainId === domainId) return undefined;
  const wanted = `${project.spec.domain} (${domainId})`;
  return invalid(
    "spec.adopt.id",
    `the Keystone project ${found.id} is in the domain ${found.domainId}, not in ${wanted}: make the Project with its domain`,
  );
}

/** The name is taken in the domain by a project that is not ours. */
export function nameTaken(project: Project, found: KeystoneProject, pollAfterMs: number): Blocked {
  const name = keystoneName(project);
  return invalid(
    "spec.name",
    `Keystone has a project ${name} in the domain ${project.spec.domain} that this Project did not make. ` +
      `To take it over, make the Project with spec.adopt.id: ${found.id}; else choose another spec.name`,
    { pollAfterMs },
  );
}

export function keystoneName(project: Project): string {
  return project.spec.name ?? project.metadata.name;
}
