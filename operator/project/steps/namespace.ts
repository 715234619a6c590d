import { namespaces, roleBindings } from "#operator/api/foreign.ts";
import { images, secrets, servers } from "#operator/api/resources.ts";
import { shortList } from "#operator/short-list.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { removeFinalizer } from "#runtime/controller/finalizers.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { namespaceLabels, newNamespace } from "../children/namespace.ts";
import { ACCESS_FINALIZER, CLUSTER_ROLES } from "../children/role-bindings.ts";
import { decideNamespace } from "../decide/namespace.ts";
import type { ProjectScope } from "../scope.ts";
import { upToDate } from "../up-to-date.ts";

/** How often a namespace that somebody else owns is looked at again, should its watch have missed the consent. */
const FOREIGN_POLL_MS = 5 * 60_000;

/** The namespace is there, is ours to use, and carries our labels. */
export async function ensureNamespace(scope: ProjectScope): Promise<Outcome> {
  const { project, deps, cache, kube, namespace, facts } = scope;
  const current = cache.get(namespaces, { name: namespace });
  const decision = decideNamespace(project, deps.installationId, current, facts.namespaceOrigin);
  switch (decision.kind) {
    case "foreign":
      // Its Servers, Images and Secrets are of the Project that has it now.
      facts.namespace = undefined;
      return invalid("spec.namespace", decision.problem, { pollAfterMs: FOREIGN_POLL_MS });
    case "awaited":
      return waiting(`Namespace ${namespace}, which was not made by us and is gone, to be made again with its consent`);
    case "ending":
      await releaseAccess(scope);
      return waiting(`Namespace ${namespace}, which is being deleted, ${contentsText(cache, namespace)}`);
    case "create": {
      try {
        await kube.create(namespaces, newNamespace(project, deps.installationId));
      } catch (error) {
        // Made by somebody in the meantime: its watch event decides whose it is.
        if (isApiError(error, "AlreadyExists")) return waiting(`Namespace ${namespace} to be seen`);
        throw error;
      }
      const again = facts.namespaceOrigin === "Made";
      scope.event(
        again ? "Warning" : "Normal",
        again ? "NamespaceRecreated" : "NamespaceCreated",
        again
          ? `The namespace ${namespace} was deleted by somebody and was made again`
          : `Made the namespace ${namespace}`,
      );
      facts.namespaceOrigin = "Made";
      break;
    }
    case "use": {
      const desired = namespaceLabels(project, current);
      if (!upToDate(current, desired)) {
        // Isolation and protection stand on these labels: nobody else's value counts.
        await kube.apply(namespaces, desired, { fieldOwner: scope.fieldOwner("namespace"), force: true });
      }
      if (facts.namespaceOrigin === undefined && decision.origin === "Taken")
        scope.event("Normal", "NamespaceTaken", `Took the namespace ${namespace}, which consents`);
      facts.namespaceOrigin = decision.origin;
      break;
    }
    default:
      return decision satisfies never;
  }
  return settled();
}

/** Objects of ours in the namespace that need the operator's rights there to be cleaned up. */
export function contentsOf(cache: CacheReader, namespace: string): readonly string[] {
  return [
    ...cache.list(servers, namespace).map(({ metadata }) => `Server ${metadata.name}`),
    ...cache.list(images, namespace).map(({ metadata }) => `Image ${metadata.name}`),
    ...cache.list(secrets, namespace).map(({ metadata }) => `Secret ${metadata.name}`),
  ];
}

export function contentsText(cache: CacheReader, namespace: string): string {
  const contents = contentsOf(cache, namespace);
  return contents.length === 0 ? "to be gone" : `to be rid of ${shortList(contents)}`;
}

/**
 * Lets the operator's own RoleBinding go from a namespace that ends, when nothing needs it any more. Status names the
 * namespace no longer, which ends the watch of its core Secrets.
 */
export async function releaseAccess({ cache, kube, namespace, facts }: ProjectScope): Promise<void> {
  if (contentsOf(cache, namespace).length > 0) return;
  facts.namespace = undefined;
  const binding = cache.get(roleBindings, { namespace, name: CLUSTER_ROLES.operator });
  if (binding !== undefined) await removeFinalizer(kube, roleBindings, binding, ACCESS_FINALIZER);
}
