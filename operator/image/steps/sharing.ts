import { roleBindings, roles } from "#operator/api/foreign.ts";
import { projects } from "#operator/api/resources.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { isOfFormer, isOurs, sharingBinding, sharingName, sharingRole } from "../children.ts";
import type { ImageScope } from "../scope.ts";
import { decideSharing, type Sharing } from "../sharing.ts";

/** How often a name is tried again that somebody else's object has: not all such are watched. */
const TAKEN_POLL_MS = 60_000;
/** Likewise one that is on its way out. */
const LEAVING_POLL_MS = 5_000;

/** Role and RoleBinding say who may clone the volume; a private Image has neither. */
export async function ensureSharing(scope: ImageScope): Promise<Outcome> {
  const { context, project } = scope;
  const { object: image, cache, kube } = context;
  const key = { namespace: image.metadata.namespace ?? "", name: sharingName(image) };
  const [role, binding] = [cache.get(roles, key), cache.get(roleBindings, key)];
  const wish = decideSharing(image, project, image.spec.visibility === "Private" ? [] : cache.list(projects));
  const sharing = (wish.kind === "shared" ? await whatIsTaken(scope, key) : undefined) ?? wish;
  if (sharing.kind !== "shared") {
    // The binding first: a Role alone gives nobody anything. Bound to somebody else's Role, it would give what that says.
    if (binding !== undefined && isOurs(binding, image))
      await kube.delete(roleBindings, key, { uid: binding.metadata.uid });
    if (role !== undefined && isOurs(role, image)) await kube.delete(roles, key, { uid: role.metadata.uid });
    scope.sharing = sharing;
    return outcomeOf(sharing);
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

/**
 * A Role or RoleBinding of the name that is not the Image's. It is looked for live where the cache has none, which has
 * only those that say that we made them.
 */
async function whatIsTaken({ context }: ImageScope, key: ObjectKey): Promise<Sharing | undefined> {
  const { object: image, cache, kube } = context;
  for (const resource of [roles, roleBindings]) {
    const there = cache.get(resource, key) ?? (await kube.get(resource, key));
    if (there === undefined || isOurs(there, image)) continue;
    const what = `${resource.kind} ${key.name}`;
    return isOfFormer(there, image)
      ? { kind: "leaving", what: `${what} of an earlier Image` }
      : { kind: "taken", problem: `${what} exists and is not of this Image: delete it, or choose another name` };
  }
  return undefined;
}

function outcomeOf(sharing: Exclude<Sharing, { readonly kind: "shared" }>): Outcome {
  switch (sharing.kind) {
    case "none":
      return settled();
    case "refused":
      return invalid("spec.visibility", sharing.problem);
    case "taken":
      return invalid("metadata.name", sharing.problem, { pollAfterMs: TAKEN_POLL_MS });
    case "leaving":
      return waiting(`${sharing.what} to go`, { pollAfterMs: LEAVING_POLL_MS });
    default:
      return sharing satisfies never;
  }
}

/** A subject more than ours is a right that we did not give. */
function sameSubjects(subjects: readonly unknown[] = [], wanted: Readonly<Record<string, unknown>>): boolean {
  const list = wanted["subjects"];
  return Array.isArray(list) && list.length === subjects.length;
}
