import {
  coreSecrets,
  type Namespace,
  namespaces,
  networkPolicies,
  resourceQuotas,
  roleBindings,
} from "#operator/api/foreign.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { removeFinalizer } from "#runtime/controller/finalizers.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { namespaceLabels } from "../children/namespace.ts";
import { ACCESS_FINALIZER, CLUSTER_ROLES, operatorBinding } from "../children/role-bindings.ts";
import { originOf } from "../decide/namespace.ts";
import { CLOUDS_SECRET, childLabels, PROJECT, PROTECTED } from "../names.ts";
import { limitRanges } from "../resources.ts";
import type { ProjectScope } from "../scope.ts";
import { upToDate } from "../up-to-date.ts";
import { applyAll } from "./children.ts";
import { releaseDefaultAccount } from "./default-account.ts";
import { contentsOf, contentsText, releaseAccess } from "./namespace.ts";

/**
 * Empties the namespace of what is ours. One that we made goes as a whole where `onDelete` says so; in every other the
 * Servers, Images and Secrets are for their owners to delete, and are waited for. The operator's own RoleBinding
 * stays until they are gone.
 */
export async function leaveNamespace(scope: ProjectScope): Promise<Outcome> {
  const { cache, namespace, project, deps } = scope;
  const current = cache.get(namespaces, { name: namespace });
  if (current === undefined) return settled();
  const origin = originOf(project, deps.installationId, current);
  // Never ours, or left already: the label goes last of all.
  if (current.metadata.labels?.[PROJECT] !== project.metadata.name) return settled();

  // Nobody is to make anything new in it.
  if (!isDeleting(current)) await applyAll(scope, roleBindings, [operatorBinding(project, deps.operator)]);
  const goes = isDeleting(current) || (origin === "Made" && project.spec.onDelete === "Delete");
  if (goes) return endNamespace(scope, current);
  if (contentsOf(cache, namespace).length > 0)
    return waiting(
      `namespace ${namespace} ${contentsText(cache, namespace)}: delete them, they cannot live without the Project`,
    );
  await removeChildren(scope, current);
  return settled();
}

async function endNamespace(scope: ProjectScope, current: Namespace): Promise<Outcome> {
  const { cache, kube, namespace, project } = scope;
  if (!isDeleting(current)) {
    const unprotected = namespaceLabels(project, current);
    if (!upToDate(current, unprotected))
      await kube.apply(namespaces, unprotected, { fieldOwner: scope.fieldOwner("namespace"), force: true });
    await kube.delete(namespaces, { name: namespace }, { uid: current.metadata.uid });
    scope.event("Normal", "NamespaceDeleted", `Deleted the namespace ${namespace} that we made`);
  }
  await releaseAccess(scope);
  return waiting(`Namespace ${namespace} ${contentsText(cache, namespace)}`);
}

/** Takes away what we made in a namespace that stays; our own rights last, because they are needed for the rest. */
async function removeChildren(scope: ProjectScope, current: Namespace): Promise<void> {
  const { cache, kube, namespace, project } = scope;
  await applyAll(scope, resourceQuotas, []);
  await applyAll(scope, limitRanges, []);
  await applyAll(scope, networkPolicies, []);
  const binding = cache.get(roleBindings, { namespace, name: CLUSTER_ROLES.operator });
  if (binding !== undefined) {
    const secret = await kube.get(coreSecrets, { namespace, name: CLOUDS_SECRET });
    if (secret !== undefined && upToDate(secret.metadata.labels, childLabels(project)))
      await kube.delete(coreSecrets, { namespace, name: CLOUDS_SECRET }, { uid: secret.metadata.uid });
    await releaseDefaultAccount(scope);
    await removeFinalizer(kube, roleBindings, binding, ACCESS_FINALIZER);
    await kube.delete(roleBindings, { namespace, name: CLUSTER_ROLES.operator }, { uid: binding.metadata.uid });
  }
  const { labels = {} } = current.metadata;
  if (labels[PROJECT] !== undefined || labels[PROTECTED] !== undefined)
    await kube.mergePatch(
      namespaces,
      { name: namespace },
      { metadata: { labels: { [PROJECT]: null, [PROTECTED]: null } } },
    );
}
