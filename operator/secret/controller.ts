import { coreSecrets } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { clouds, projects, secrets, servers } from "#operator/api/resources.ts";
import { isTrue } from "#runtime/api/conditions.ts";
import { isDeleting, keyOf, keyText, type ObjectKey } from "#runtime/api/object.ts";
import { type Controller, defineController, index, watch } from "#runtime/controller/definition.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { secretsOf } from "./consumers.ts";
import { DeepChecks } from "./deep-checks.ts";
import { ProjectListings } from "./listings.ts";
import { withRefusals } from "./refusals.ts";
import { type SecretDeps, type SecretScope, scopeOf } from "./scope.ts";
import { type Observed, statusOf } from "./status.ts";
import { awaitConsumers, findWay, leaveBarbican } from "./steps/cleanup.ts";
import { conclude } from "./steps/conclude.ts";
import { ensureAccess } from "./steps/ensure-access.ts";
import { ensureConsumers, SERVERS_BY_SECRET, serversOf } from "./steps/ensure-consumers.ts";
import { ensureSync, unsync } from "./steps/ensure-sync.ts";
import { observeImport } from "./steps/import.ts";
import { makeVersion } from "./steps/make-version.ts";
import { observe } from "./steps/observe.ts";
import { readSource } from "./steps/read-source.ts";
import { removeOld } from "./steps/remove-old.ts";
import { namespacesOf, PROJECTS_BY_NAMESPACE, resolveProject } from "./steps/resolve-project.ts";
import { secretSweepController } from "./sweep/controller.ts";

/** Our Secrets by the core Secrets that they read or write. */
const SECRETS_BY_CORE = "secret:secrets-of-core-secret";

/** The controllers of Secrets: one for the objects, and one that sweeps up after them. They share the lists of projects. */
export function secretControllers(deps: SecretDeps): readonly Controller[] {
  const listings = new ProjectListings();
  return [secretController(deps, listings), secretSweepController(deps, listings)];
}

/** A Secret becomes versions in Barbican (docs/secret.md). */
function secretController(deps: SecretDeps, listings: ProjectListings): Controller {
  const shared = { listings, deepChecks: new DeepChecks(new Date()) };
  return defineController<Secret, SecretScope>({
    name: "secret",
    reconciles: secrets,
    watches: [
      watch(projects, inNamespaceOf),
      watch(clouds, inProjectsOf),
      watch(servers, (server) => namedBy(server)),
      watch(
        coreSecrets,
        (changed, cache) => cache.byIndex(secrets, SECRETS_BY_CORE, keyText(changed.metadata)).map(keyOf),
        {
          within: { of: projects, namespace: (project) => (project as Project).status?.namespace },
        },
      ),
    ],
    indexes: [
      index(projects, PROJECTS_BY_NAMESPACE, namespacesOf),
      index(servers, SERVERS_BY_SECRET, (server) => namedBy(server).map(keyText)),
      index(secrets, SECRETS_BY_CORE, coreSecretsOf),
    ],
    scope: (context) => scopeOf(context, deps, shared),
    steps: [
      resolveProject,
      readSource,
      observeImport,
      observe,
      makeVersion,
      ensureAccess,
      ensureConsumers,
      ensureSync,
      removeOld,
      conclude,
    ].map(withRefusals),
    cleanup: [awaitConsumers, unsync, findWay, leaveBarbican, forget].map(withRefusals),
    status: (scope) =>
      statusOf(scope.secret, {
        versions: scope.versions,
        refOf: refOf(scope),
        nextRotation: scope.plan?.nextRotation,
        synced: scope.synced,
        servers: serversOf(scope),
      }),
  });
}

/**
 * A Project that stops being usable wakes all Secrets of its namespace. One that is usable wakes those that are not
 * Ready: its status changes often, and would else wake thousands that have nothing to do.
 */
function inNamespaceOf(project: Project, cache: CacheReader): readonly ObjectKey[] {
  const all = namespacesOf(project).flatMap((namespace) => cache.list(secrets, namespace));
  return (project.spec.enabled && !isDeleting(project) ? all.filter(isUnsettled) : all).map(keyOf);
}

function inProjectsOf(cloud: Cloud, cache: CacheReader): readonly ObjectKey[] {
  const { name, namespace } = cloud.metadata;
  return cache
    .list(projects)
    .filter(({ status }) => status?.cloudRef?.name === name && status.cloudRef.namespace === namespace)
    .flatMap((project) => inNamespaceOf(project, cache));
}

function isUnsettled(secret: Secret): boolean {
  return isDeleting(secret) || !isTrue(secret.status?.conditions, "Ready");
}

function namedBy(server: Server): readonly ObjectKey[] {
  const { namespace = "" } = server.metadata;
  return secretsOf(server).map((name) => ({ namespace, name }));
}

function coreSecretsOf(secret: Secret): readonly string[] {
  const { namespace = "" } = secret.metadata;
  const names = [secret.spec.source.secretKeyRef?.name, secret.spec.syncTo?.name];
  return names.flatMap((name) => (name === undefined ? [] : [keyText({ namespace, name })]));
}

function refOf({ home }: SecretScope): Observed["refOf"] {
  return home === undefined ? undefined : (kind, id) => home.keys.refOf(kind, id);
}

async function forget(scope: SecretScope): Promise<Outcome> {
  scope.deepChecks.forget(scope.secret.metadata.uid);
  return settled();
}
