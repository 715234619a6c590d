import { coreSecrets, networkPolicies, services } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { MANAGED_SELECTOR } from "#operator/api/marks.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { CLOUD_LABEL, isDeployed } from "#operator/clients/cloud-connection.ts";
import { isDeleting, type KubeObject, keyOf, type ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type Controller, defineController, watch } from "#runtime/controller/definition.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { isNeeded } from "./hypervisor.ts";
import {
  accessPolicies,
  configMaps,
  customResourceDefinitions,
  deployments,
  edgePolicies,
  gatewayClasses,
  gateways,
  httpRoutes,
  jobs,
  podDisruptionBudgets,
  serviceAccounts,
  statefulSets,
} from "./resources.ts";
import { apart, type CloudDeps, type CloudScope, type CloudStep, cloudScope, deployed } from "./scope.ts";
import { cloudStatus } from "./status.ts";
import { backUp, ensureBackupClaim, reviewBackups } from "./steps/backup.ts";
import { ensureCache } from "./steps/cache.ts";
import { conclude } from "./steps/conclude.ts";
import { confine } from "./steps/confine.ts";
import { ensureDatabase } from "./steps/database.ts";
import { drill } from "./steps/drill.ts";
import { ensureEdge, removeEdge } from "./steps/edge.ts";
import { stopChecking } from "./steps/edge-limits.ts";
import { bootstrap, ensureKeystone } from "./steps/identity.ts";
import { ensureBarbican } from "./steps/key-manager.ts";
import { holdKeys } from "./steps/keys.ts";
import { awaitProjects, leaveNothing, stopServices } from "./steps/leave.ts";
import { checkMesh } from "./steps/mesh.ts";
import { reportOrphans } from "./steps/orphans.ts";
import { forgetWorkloads, registerWorkloads } from "./steps/register-workloads.ts";
import { checkRelease } from "./steps/release.ts";
import { restoreDatabases, restoreKeys } from "./steps/restore.ts";
import { rotateKeys } from "./steps/rotate.ts";
import { ensureSchema } from "./steps/schema.ts";
import { checkStores, ensureStores } from "./steps/secret-stores.ts";
import { askIdentity, askOthers, checkHypervisor, resolveClients } from "./steps/services.ts";
import { smoke } from "./steps/smoke.ts";
import { ensureCatalog } from "./steps/write-catalog.ts";

export type { CloudDeps } from "./scope.ts";

/**
 * Whoever checks tokens at the edge knows before Keystone makes others, and begins when it makes no others any more. In this order.
 */
export const tokenSteps: readonly CloudStep[] = [
  deployed("IdentityReady", stopChecking),
  deployed("IdentityReady", ensureKeystone),
  apart("GatewayReady", ensureEdge),
];

/**
 * A Cloud becomes Keystone, Barbican, PostgreSQL and memcached as pods, or the connection to services that exist, in
 * which it changes nothing. Steps of deployed Clouds are passed over by the others.
 */
export function cloudController(deps: CloudDeps): Controller {
  /** Only where something is deployed: elsewhere the operator needs no right to see these. */
  const within = {
    of: clouds,
    namespace: (object: KubeObject): string | undefined =>
      isDeployed(object as Cloud) ? object.metadata.namespace : undefined,
  };
  const managed = { labelSelector: MANAGED_SELECTOR };
  return defineController<Cloud, CloudScope>({
    name: "cloud",
    reconciles: clouds,
    watches: [
      // A Cloud that is being deleted waits for its Projects to go. Only such a one is woken: a pass asks its services, and
      // Projects change often.
      watch(projects, ({ spec, status }: Project, cache) => {
        const ref = spec.cloudRef ?? status?.cloudRef;
        const cloud = ref === undefined ? undefined : cache.get(clouds, ref);
        return cloud !== undefined && isDeleting(cloud) ? [keyOf(cloud)] : [];
      }),
      watch(
        customResourceDefinitions,
        ({ metadata }, cache) => (isNeeded(metadata.name) ? cache.list(clouds).map(keyOf) : []),
        { metadataOnly: true },
      ),
      ...[
        ...[deployments, statefulSets, jobs, configMaps, podDisruptionBudgets],
        // The right to see them comes with SPIRE.
        ...(deps.spire === undefined ? [] : [serviceAccounts]),
        // And these with sidecars.
        ...(deps.platform.sidecars === undefined ? [] : [accessPolicies]),
      ].map((resource) => watch<KubeObject>(resource, cloudOfChild, { ...managed, within })),
      // Without a selector, as other kinds watch them in their namespaces: certificates and PINs are not of our making.
      watch(
        coreSecrets,
        (secret, cache) => [
          ...cloudOfChild(secret),
          ...cache
            .list(clouds, secret.metadata.namespace)
            .filter((cloud) => namesSecret(cloud, secret.metadata.name))
            .map(keyOf),
        ],
        { within },
      ),
      // As the controller of Gateways watches them.
      ...(deps.platform.gateways
        ? [
            watch(gateways, cloudOfChild),
            watch(gatewayClasses, ({ metadata }, cache) =>
              edgesBy(cache, ({ spec }) => spec.gateway?.className === metadata.name),
            ),
            watch<KubeObject>(httpRoutes as Resource, cloudOfChild, { ...managed, within }),
            watch<KubeObject>(edgePolicies as Resource, cloudOfChild, { ...managed, within }),
          ]
        : []),
      watch(services, cloudOfChild),
      watch(networkPolicies, cloudOfChild, managed),
    ],
    scope: (context) => cloudScope(context, deps),
    steps: [
      checkHypervisor,
      apart("BackupReady", reviewBackups),
      deployed("SchemaReady", checkRelease),
      deployed("Confined", confine),
      deployed("WorkloadsRegistered", registerWorkloads),
      apart("BackupReady", ensureBackupClaim),
      deployed("Restored", restoreKeys),
      deployed("KeysReady", holdKeys),
      deployed("CacheReady", ensureCache),
      deployed("MeshReady", checkMesh),
      deployed("DatabaseReady", ensureDatabase),
      deployed("Restored", restoreDatabases),
      apart("BackupReady", backUp),
      apart("Drilled", drill),
      deployed("SchemaReady", ensureSchema),
      deployed("IdentityReady", bootstrap),
      ...tokenSteps,
      resolveClients,
      askIdentity,
      deployed("Restored", reportOrphans),
      deployed("CatalogReady", ensureCatalog),
      apart("GatewayReady", removeEdge),
      apart("StoresReady", ensureStores),
      deployed("KeyManagerReady", ensureBarbican),
      askOthers,
      apart("StoresReady", checkStores),
      deployed("KeyManagerReady", smoke),
      deployed("KeysReady", rotateKeys),
      conclude,
    ],
    cleanup: [awaitProjects, stopServices, forgetWorkloads, leaveNothing],
    status: ({ object, endpoints, keys, release, backup, restore, results }) =>
      cloudStatus({
        cloud: object,
        ...{ endpoints, keys, release, backup, restore, results },
        isRegistered: deps.spire !== undefined,
        isInMesh: deps.platform.sidecars !== undefined,
      }),
  });
}

/** The Clouds with an edge of which something holds. */
function edgesBy(cache: CacheReader, holds: (cloud: Cloud) => boolean): readonly ObjectKey[] {
  return cache
    .list(clouds)
    .filter((cloud) => cloud.spec.gateway !== undefined && holds(cloud))
    .map(keyOf);
}

/** Whether the Cloud's certificate or a PIN of its stores is in a core Secret. */
function namesSecret({ spec: { gateway, keyManager } }: Cloud, name: string): boolean {
  const pins = (keyManager.stores ?? []).map(({ pkcs11 }) => pkcs11?.pinSecretRef.name);
  return [gateway?.certificateSecretRef.name, ...pins].includes(name);
}

/** The Cloud that an object was made for: by its label, which keys have too. */
function cloudOfChild({ metadata }: KubeObject): readonly ObjectKey[] {
  const { namespace, labels } = metadata;
  const name = labels?.[CLOUD_LABEL];
  return name === undefined || namespace === undefined ? [] : [{ namespace, name }];
}
