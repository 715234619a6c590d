import { roleBindings, roles } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import { isOurs, sharingBinding, sharingName, sharingRole } from "../children.ts";
import type { ImageScope } from "../scope.ts";
import { decideSharing } from "../sharing.ts";

/** Role and RoleBinding say who may clone the volume; a private Image has neither. */
export async function ensureSharing(scope: ImageScope): Promise<Outcome> {
  const { context, project } = scope;
  const { object: image, cache, kube } = context;
  const key = { namespace: image.metadata.namespace ?? "", name: sharingName(image) };
  const [role, binding] = [cache.get(roles, key), cache.get(roleBindings, key)];
  const sharing = decideSharing(image, project, image.spec.visibility === "Private" ? [] : cache.list(projects));
  if (sharing.kind !== "shared") {
    // The binding first: a Role alone gives nobody anything.
    if (binding !== undefined && isOurs(binding, image))
      await kube.delete(roleBindings, key, { uid: binding.metadata.uid });
    if (role !== undefined && isOurs(role, image)) await kube.delete(roles, key, { uid: role.metadata.uid });
    scope.sharing = sharing;
    return sharing.kind === "refused" ? invalid("spec.visibility", sharing.problem) : settled();
  }
  const wantedRole = sharingRole(image);
  if (role === undefined || !alreadyApplied(role, wantedRole))
    await kube.apply(roles, wantedRole, { fieldOwner: context.fieldOwner("sharing"), force: true });
  const wanted = sharingBinding(image, sharing.namespaces);
  if (binding === undefined || !alreadyApplied(binding, wanted) || !sameSubjects(binding.subjects, wanted)) {
    await kube.apply(roleBindings, wanted, { fieldOwner: context.fieldOwner("sharing"), force: true });
    const who = sharing.projects.length === 0 ? "all Projects" : `Projects ${sharing.projects.join(", ")}`;
    context.event("Normal", "Shared", `Servers of ${who} may be built from this Image`);
  }
  scope.sharing = sharing;
  return settled();
}

/** A subject more than ours is a right that we did not give. */
function sameSubjects(subjects: readonly unknown[] = [], wanted: Readonly<Record<string, unknown>>): boolean {
  const list = wanted["subjects"];
  return Array.isArray(list) && list.length === subjects.length;
}
