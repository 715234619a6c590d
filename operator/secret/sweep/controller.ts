import type { Project } from "#operator/api/generated/project.ts";
import { clouds, projects, secrets } from "#operator/api/resources.ts";
import { CloudSecretError, cloudOf } from "#operator/clients/cloud-access.ts";
import { shortList } from "#operator/short-list.ts";
import { isDeleting } from "#runtime/api/object.ts";
import { type Controller, defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { ProjectListings } from "../listings.ts";
import { SWEEP_GRACE_MS, SWEEP_MS } from "../periods.ts";
import type { SecretDeps } from "../scope.ts";
import { graceMs } from "./decide.ts";
import { type SweepMemory, sweep } from "./sweep.ts";

/** Looks through each Project's part of Barbican for what no Secret owns any more. It writes nothing to the Project. */
export function secretSweepController(deps: SecretDeps, listings: ProjectListings): Controller {
  const memories = new Map<string, SweepMemory & { readonly at: Date }>();
  return defineController<Project, ReconcileContext<Project>>({
    name: "secret-sweep",
    reconciles: projects,
    observesOnly: true,
    watches: [watch(clouds, () => []), watch(secrets, () => [])],
    scope: (context) => context,
    steps: [(context, signal) => sweepProject({ ...deps, listings, memories }, context, signal)],
    workers: 1,
  });
}

interface SweepDeps extends SecretDeps {
  readonly listings: ProjectListings;
  readonly memories: Map<string, SweepMemory & { readonly at: Date }>;
}

async function sweepProject(
  deps: SweepDeps,
  context: ReconcileContext<Project>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { object: project, cache, now, reconcileId } = context;
  const { memories } = deps;
  const { uid } = project.metadata;
  const projectId = project.status?.id;
  if (projectId === undefined || !project.spec.enabled || isDeleting(project)) {
    memories.delete(uid);
    return settled({ pollAfterMs: SWEEP_MS });
  }
  const memory = memories.get(uid);
  const early = memory === undefined ? 0 : SWEEP_MS * 0.8 - (now.getTime() - memory.at.getTime());
  // The Project's own changes wake this too, and say nothing about Barbican.
  if (early > 0) return settled({ pollAfterMs: early });
  const choice = cloudOf(project, cache.list(clouds));
  if (choice.kind === "awaited") return waiting(choice.awaited, { pollAfterMs: SWEEP_MS });
  try {
    const keys = await deps.clouds.keyManager(choice.cloud, projectId, { reconcileId, signal });
    const { secrets: listed } = await deps.listings.get(projectId, keys, now);
    const restoredAt = choice.cloud.status?.restore?.completedAt;
    const input = {
      graceMs: graceMs(restoredAt, project.metadata.creationTimestamp, now),
      keys,
      listed: listed.values(),
      installation: deps.installationId,
      secrets: cache.list(secrets),
      memory,
      now,
    };
    const swept = await sweep(input);
    memories.set(uid, { ...swept.memory, at: now });
    for (const what of swept.removed)
      context.event("Normal", "OrphanRemoved", `Removed from Barbican, as no Secret owns it: ${what}`);
    if (input.graceMs > SWEEP_GRACE_MS && swept.kept.length > 0)
      context.event(
        "Warning",
        "OrphansFound",
        `The Cloud came back out of a backup at ${restoredAt ?? ""}; no Secret owns ${shortList(swept.kept)} in Barbican: apply it again within a day, or it is removed`,
      );
    return settled({ pollAfterMs: SWEEP_MS });
  } catch (error) {
    if (error instanceof CloudSecretError) return waiting(error.awaited, { pollAfterMs: SWEEP_MS });
    throw error;
  }
}
