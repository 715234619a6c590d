import { networkPolicies as networkPolicyResource, resourceQuotas, roleBindings } from "#operator/api/foreign.ts";
import { clouds } from "#operator/api/resources.ts";
import { cloudOf } from "#operator/clients/cloud-access.ts";
import { isDeployed } from "#operator/clients/cloud-connection.ts";
import { type Desired, isDeleting, type KubeObject, keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { limits } from "../children/limits.ts";
import { networkPolicies, type Reach } from "../children/network-policies.ts";
import { memberBindings, operatorBinding } from "../children/role-bindings.ts";
import { childLabels } from "../names.ts";
import { limitRanges } from "../resources.ts";
import type { ProjectScope } from "../scope.ts";
import { upToDate } from "../up-to-date.ts";

/** Rights, limits and isolation of the namespace. */
export async function ensureChildren(scope: ProjectScope): Promise<Outcome> {
  const { project, deps, facts, namespace } = scope;
  await applyAll(scope, roleBindings, [operatorBinding(project, deps.operator), ...memberBindings(project)]);
  // From here on the core Secrets there are watched, which takes the operator's own RoleBinding.
  facts.namespace = namespace;
  const [quota, ranges] = partition(limits(project), "ResourceQuota");
  await applyAll(scope, resourceQuotas, quota);
  await applyAll(scope, limitRanges, ranges);
  await applyAll(scope, networkPolicyResource, networkPolicies(project, deps.platform, reachOf(scope)));
  return settled();
}

/** Until its Cloud is known, what the most careful one lets. */
function reachOf({ project, cache }: ProjectScope): Reach {
  const choice = cloudOf(project, cache.list(clouds));
  if (choice.kind !== "found") return { importers: "Internet", cloud: undefined };
  const { cloud } = choice;
  return {
    importers: cloud.spec.images?.sources === undefined ? "Internet" : "Any",
    cloud: isDeployed(cloud) ? cloud.metadata : undefined,
  };
}

/**
 * Makes a kind's objects in the namespace equal to `desired`: writes those that differ, deletes those of ours that are
 * not wanted any more.
 */
export async function applyAll<T extends KubeObject>(
  scope: ProjectScope,
  resource: Resource<T>,
  desired: readonly Desired[],
): Promise<void> {
  const { cache, kube, namespace } = scope;
  const current = new Map(cache.list(resource, namespace).map((object) => [object.metadata.name, object]));
  for (const object of desired) {
    if (upToDate(current.get(object.metadata.name), object)) continue;
    // Nobody else's value of these fields counts: they are the tenant's bounds.
    await kube.apply(resource, object, { fieldOwner: scope.fieldOwner("children"), force: true });
  }
  const wanted = new Set(desired.map(({ metadata }) => metadata.name));
  for (const object of current.values()) {
    if (wanted.has(object.metadata.name) || isDeleting(object) || !isOurs(scope, object)) continue;
    await kube.delete(resource, keyOf(object), { uid: object.metadata.uid });
  }
}

/** Made by this controller, not by another of ours that works in the same namespace. */
function isOurs({ project }: ProjectScope, object: KubeObject): boolean {
  return upToDate(object.metadata.labels, childLabels(project));
}

function partition(objects: readonly Desired[], kind: string): readonly [readonly Desired[], readonly Desired[]] {
  return [objects.filter((object) => object.kind === kind), objects.filter((object) => object.kind !== kind)];
}
