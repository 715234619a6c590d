import type { Cloud, CloudStatusEndpoints } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { clouds, projects } from "#operator/api/resources.ts";
import { type CloudAccess, type CloudClients, CloudSecretError } from "#operator/clients/cloud-access.ts";
import { keyOf } from "#runtime/api/object.ts";
import { type Controller, defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { checkCatalog, checkIdentity, checkKeyManager } from "./checks.ts";
import { isNeeded, missingHypervisor } from "./hypervisor.ts";
import { projectsIn } from "./projects.ts";
import { customResourceDefinitions } from "./resources.ts";
import { type Aspect, cloudStatus, type Finding } from "./status.ts";

export interface CloudDeps {
  readonly clouds: CloudAccess;
  /** Default {@link POLL_MS}; shorter in tests. */
  readonly pollMs?: number;
}

/** How often the services of a Cloud are asked whether they are well. */
const POLL_MS = 60_000;
/** And how often while they are not. */
const UNWELL_POLL_MS = 10_000;

interface CloudScope extends ReconcileContext<Cloud> {
  readonly deps: CloudDeps;
  readonly findings: Map<Aspect, Finding>;
  /** As status has them, until the catalog is read. */
  endpoints: CloudStatusEndpoints | undefined;
  /** Set by `resolveClients`. */
  clients: CloudClients | undefined;
}

/** A Cloud becomes the connection to services that exist. It changes nothing in them. */
export function cloudController(deps: CloudDeps): Controller {
  return defineController<Cloud, CloudScope>({
    name: "cloud",
    reconciles: clouds,
    watches: [
      // A Cloud that is being deleted waits for its Projects to go.
      watch(projects, ({ spec, status }: Project) =>
        [spec.cloudRef ?? status?.cloudRef].filter((ref) => ref !== undefined),
      ),
      watch(
        customResourceDefinitions,
        ({ metadata }, cache) => (isNeeded(metadata.name) ? cache.list(clouds).map(keyOf) : []),
        { metadataOnly: true },
      ),
    ],
    scope: (context) => ({
      ...context,
      deps,
      findings: new Map(),
      endpoints: context.object.status?.endpoints,
      clients: undefined,
    }),
    steps: [checkHypervisor, resolveClients, checkServices, conclude],
    cleanup: [awaitProjects],
    status: ({ object, endpoints, findings }) => cloudStatus({ cloud: object, endpoints, findings }),
  });
}

async function checkHypervisor({ cache, findings }: CloudScope): Promise<Outcome> {
  const missing = missingHypervisor((name) => cache.get(customResourceDefinitions, { name }) !== undefined);
  findings.set(
    "HypervisorReady",
    missing === undefined
      ? { kind: "good", message: "KubeVirt and CDI are served" }
      : { kind: "bad", reason: "Progressing", awaited: `what Servers and Images are made of: ${missing}` },
  );
  return settled();
}

async function resolveClients(scope: CloudScope): Promise<Outcome> {
  try {
    scope.clients = await scope.deps.clouds.forCloud(scope.object);
    return settled();
  } catch (error) {
    if (!(error instanceof CloudSecretError)) throw error;
    scope.findings.set("IdentityReady", { kind: "bad", reason: "Progressing", awaited: error.awaited });
    return waiting(error.awaited, { pollAfterMs: unwellPoll(scope) });
  }
}

async function checkServices(scope: CloudScope, signal: AbortSignal): Promise<Outcome> {
  const { clients, findings, object, reconcileId } = scope;
  if (clients === undefined) return settled();
  const { identity, keyManager, region } = object.spec;
  const call = { signal, requestId: `req-${reconcileId}` };
  const identityFinding = await checkIdentity(clients, identity.external.url, call);
  findings.set("IdentityReady", identityFinding);
  // Without Keystone nothing can be known of the others: they keep their word.
  if (identityFinding.kind === "bad") return settled();
  findings.set("KeyManagerReady", await checkKeyManager(clients, keyManager.external.url, call));
  const { finding, endpoints } = await checkCatalog(clients, region, call);
  findings.set("CatalogReady", finding);
  scope.endpoints = endpoints ?? scope.endpoints;
  return settled();
}

/** Ready without a hypervisor: Projects and Secrets need none, and Servers and Images say for themselves what they miss. */
async function conclude(scope: CloudScope): Promise<Outcome> {
  const bad = [...scope.findings].flatMap(([aspect, finding]) =>
    finding.kind === "bad" && aspect !== "HypervisorReady" ? [finding] : [],
  );
  const [first] = bad;
  if (first === undefined)
    return settled({ message: "Keystone and Barbican answer", pollAfterMs: scope.deps.pollMs ?? POLL_MS });
  return waiting(bad.map(({ awaited }) => awaited).join("; "), {
    reason: first.reason,
    pollAfterMs: unwellPoll(scope),
  });
}

async function awaitProjects({ cache, object }: CloudScope): Promise<Outcome> {
  const names = projectsIn(object, cache.list(projects))
    .map(({ metadata }) => metadata.name)
    .sort();
  if (names.length === 0) return settled();
  const shown = names.slice(0, 5).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return waiting(
    `${names.length === 1 ? "Project" : "Projects"} ${shown}${more} to be deleted: they are in this Cloud`,
  );
}

function unwellPoll({ deps }: CloudScope): number {
  return Math.min(UNWELL_POLL_MS, deps.pollMs ?? POLL_MS);
}
