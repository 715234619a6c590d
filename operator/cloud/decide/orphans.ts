import { parseOwnerTag } from "#operator/clients/project-tag.ts";

/**
 * Keystone projects that were made for Projects of an installation which are not there, by the names of those, in order.
 * Pure.
 */
export function orphanedProjects(
  keystone: readonly { readonly tags: readonly string[] }[],
  installation: string,
  projects: ReadonlySet<string>,
): readonly string[] {
  const owners = keystone.flatMap(({ tags }) => tags.map(parseOwnerTag)).filter((owner) => owner !== undefined);
  const ours = owners.filter((owner) => owner.installation === installation && !projects.has(owner.name));
  return [...new Set(ours.map(({ name }) => name))].sort();
}
