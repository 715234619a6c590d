import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";

/** The Projects that are in a Cloud: those that name it, and those that came to it by default. */
export function projectsIn(cloud: Cloud, projects: readonly Project[]): readonly Project[] {
  const { name, namespace } = cloud.metadata;
  return projects.filter((project) => {
    const ref = project.spec.cloudRef ?? project.status?.cloudRef;
    return ref?.name === name && ref.namespace === namespace;
  });
}
