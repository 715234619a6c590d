import { clouds, projects } from "#operator/api/resources.ts";
import { CloudSecretError, cloudOf } from "#operator/clients/cloud-access.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { DRIFT_PERIOD, driftPeriodMs } from "../drift-clock.ts";
import type { ProjectScope } from "../scope.ts";
import { AWAITED_POLL_MS } from "./keystone-project.ts";

/** Finds the Project's Cloud, and whether this pass is to compare with what is in it. */
export async function resolveCloud(scope: ProjectScope): Promise<Outcome> {
  const { project, cache, facts, deps, clock, now } = scope;
  const choice = cloudOf(project, cache.list(clouds));
  if (choice.kind === "awaited") return waiting(choice.awaited);
  const { cloud } = choice;
  if (cloud.status?.endpoints?.identity === undefined)
    return waiting(`Cloud ${keyText(keyOf(cloud))}, whose Keystone has not answered yet`);
  const { name, namespace = "" } = cloud.metadata;
  facts.cloudRef = { namespace, name };
  try {
    scope.cloud = { cloud, clients: await deps.clouds.forCloud(cloud) };
  } catch (error) {
    if (error instanceof CloudSecretError) return waiting(error.awaited, { pollAfterMs: AWAITED_POLL_MS });
    throw error;
  }
  scope.driftPeriodMs = driftPeriodMs(cache.list(projects).length, deps.driftPeriod ?? DRIFT_PERIOD);
  scope.compares = facts.id === undefined || clock.remainingMs(project, now) === 0;
  return settled();
}
