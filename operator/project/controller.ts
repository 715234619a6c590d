import {
  coreSecrets,
  dataVolumes,
  namespaces,
  networkPolicies,
  resourceQuotas,
  roleBindings,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { MANAGED_SELECTOR } from "#operator/api/marks.ts";
import { clouds, flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import { isGone, isKept } from "#operator/leftovers.ts";
import { type KubeObject, keyOf, type ObjectKey } from "#runtime/api/object.ts";
import { type Controller, defineController, index, watch } from "#runtime/controller/definition.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { DriftClock } from "./drift-clock.ts";
import { namespaceOf } from "./names.ts";
import { limitRanges } from "./resources.ts";
import { concern, heldBack, type ProjectDeps, type ProjectScope, projectScope, returnToNamespace } from "./scope.ts";
import { projectStatus } from "./status.ts";
import { ensureChildren } from "./steps/children.ts";
import { leaveKeystone, resolveCloudAgain } from "./steps/cleanup-cloud.ts";
import { leaveNamespace } from "./steps/cleanup-namespace.ts";
import { resolveCloud } from "./steps/cloud.ts";
import { conclude } from "./steps/conclude.ts";
import { ensureCredentials } from "./steps/credentials.ts";
import { confineDefaultAccount } from "./steps/default-account.ts";
import { ensureKeystoneProject } from "./steps/keystone-project.ts";
import { ensureMembers } from "./steps/members.ts";
import { ensureNamespace } from "./steps/namespace.ts";
import { ensureSecretQuota } from "./steps/secret-quota.ts";
import { countUsage, type UsageClock } from "./steps/usage.ts";

const BY_NAMESPACE = "project:by-namespace";
const SERVERS_BY_FLAVOR = "project:servers-by-flavor";

/** A Project becomes a namespace with its rights and bounds, a Keystone project, and an application credential. */
export function projectController(deps: ProjectDeps): Controller {
  const clock = new DriftClock();
  const usageClock: UsageClock = new Map();
  const managed = { labelSelector: MANAGED_SELECTOR };
  return defineController<Project, ProjectScope>({
    name: "project",
    reconciles: projects,
    watches: [
      watch(namespaces, ({ metadata }, cache) => inNamespace(cache, metadata.name)),
      ...[roleBindings, resourceQuotas, limitRanges, networkPolicies].map((resource) =>
        watch<KubeObject>(resource, ofNamespace, managed),
      ),
      ...[servers, images, secrets].map((resource) => watch<KubeObject>(resource, ofNamespace)),
      // One that is there counts as its Server, or as when its Server went.
      watch(virtualMachines, (machine, cache) => (isGone(machine, cache) ? ofNamespace(machine, cache) : [])),
      watch(dataVolumes, (volume, cache) => (isKept(volume) ? ofNamespace(volume, cache) : [])),
      watch(coreSecrets, ofNamespace, {
        within: { of: projects, namespace: (project) => (project as Project).status?.namespace },
      }),
      watch(flavors, ({ metadata }, cache) =>
        cache.byIndex(servers, SERVERS_BY_FLAVOR, metadata.name).flatMap((server) => ofNamespace(server, cache)),
      ),
      watch(clouds, (cloud, cache) => cache.list(projects).filter(mayBeIn(cloud)).map(keyOf)),
    ],
    indexes: [
      index(projects, BY_NAMESPACE, (project) => [namespaceOf(project)]),
      index(servers, SERVERS_BY_FLAVOR, (server) => [server.spec.flavorRef.name]),
    ],
    scope: (context) => projectScope(context, deps, clock),
    steps: [
      heldBack(concern("NamespaceReady", ensureNamespace)),
      heldBack(concern("NamespaceReady", ensureChildren)),
      heldBack(countUsage(usageClock)),
      resolveCloud,
      concern("IdentityReady", ensureKeystoneProject),
      concern("MembersReady", ensureMembers),
      returnToNamespace,
      concern("NamespaceReady", confineDefaultAccount),
      concern("SecretQuotaReady", ensureSecretQuota),
      concern("CredentialsReady", ensureCredentials),
      conclude,
    ],
    cleanup: [leaveNamespace, resolveCloudAgain, leaveKeystone],
    status: projectStatus,
  });
}

/** Whether a Project is in a Cloud, or in none yet: then it matters to it which there are. */
function mayBeIn({ metadata }: Cloud): (project: Project) => boolean {
  return ({ spec, status }) => {
    const ref = spec.cloudRef ?? status?.cloudRef;
    return ref === undefined || (ref.name === metadata.name && ref.namespace === metadata.namespace);
  };
}

function ofNamespace(object: KubeObject, cache: CacheReader): readonly ObjectKey[] {
  return inNamespace(cache, object.metadata.namespace ?? "");
}

function inNamespace(cache: CacheReader, namespace: string): readonly ObjectKey[] {
  return cache.byIndex(projects, BY_NAMESPACE, namespace).map(keyOf);
}
