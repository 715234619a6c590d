import type { Project } from "#operator/api/generated/project.ts";
import { ownerTag, parseOwnerTag } from "#operator/clients/project-tag.ts";

/** On a namespace as annotation: it may be taken by the Project of this name. As label: it belongs to that Project. */
export const PROJECT = "nephele.dev/project";
/** Annotation of a namespace that we made: `<installation>/<Project>`. Only such a namespace is ever deleted by us. */
export const CREATED_BY = "nephele.dev/created-by";
/** Label of a namespace whose deletion is refused while it is "true". */
export const PROTECTED = "nephele.dev/protected";
export const POD_SECURITY = "pod-security.kubernetes.io/enforce";

/** The core Secret with the Project's application credential. */
export const CLOUDS_SECRET = "clouds";

/** The labels by which a Project knows its own objects among those of other controllers in the namespace. */
export function childLabels(project: Project): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/managed-by": "nephele",
    "app.kubernetes.io/component": "project",
    [PROJECT]: project.metadata.name,
  };
}

/** The namespace that the Project has or will have. */
export function namespaceOf(project: Project): string {
  return project.spec.namespace ?? project.metadata.name;
}

export function createdBy(installationId: string, project: Project): string {
  return `${installationId}/${project.metadata.name}`;
}

/** The tag by which the Keystone project is found again. */
export function projectTag(installationId: string, project: Project): string {
  return ownerTag({ installation: installationId, name: project.metadata.name });
}

/** Who else claims a Keystone project with these tags, in words for a person; undefined where nobody does. */
export function claimedByOther(tags: readonly string[], own: string): string | undefined {
  for (const tag of tags) {
    const owner = parseOwnerTag(tag);
    if (owner !== undefined && tag !== own) return `Project ${owner.name} of the installation ${owner.installation}`;
  }
  return undefined;
}

/** What the names of a Project's robot users begin with; the generation follows. */
export function robotPrefix(installationId: string, project: Project): string {
  return `nephele-${installationId}-${project.metadata.name}-`;
}

/**
 * The description of a robot user. Two installations may come to the same user name (`a-b` + `c`, `a` + `b-c`), so a
 * user is ours only if it says so here.
 */
export function robotDescription(installationId: string, project: Project): string {
  return `Robot of Nephele for ${createdBy(installationId, project)}`;
}

/** The generation in a robot's name, or undefined where it is not one of this Project's. */
export function robotGeneration(prefix: string, userName: string): number | undefined {
  if (!userName.startsWith(prefix)) return undefined;
  const rest = userName.slice(prefix.length);
  return /^[1-9][0-9]{0,8}$/.test(rest) ? Number(rest) : undefined;
}
