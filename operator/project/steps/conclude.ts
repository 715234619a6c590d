import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { ProjectScope } from "../scope.ts";
import { AWAITED_POLL_MS } from "./keystone-project.ts";

/** Ends the pass: waits for what earlier steps went on without, or is content. */
export async function conclude(scope: ProjectScope): Promise<Outcome> {
  const { project, awaited, clock, facts, now } = scope;
  const complete = awaited.length === 0;
  if (scope.compares) {
    const period = complete ? scope.driftPeriodMs : Math.min(AWAITED_POLL_MS, scope.driftPeriodMs);
    clock.compared(project, now, period);
  }
  const pollAfterMs = Math.min(clock.remainingMs(project, now), scope.credentialsDueInMs);
  if (!complete) return waiting(awaited.join(", "), { pollAfterMs });
  const state = project.spec.enabled ? "" : ", disabled as wanted";
  return settled({
    message: `Keystone project ${facts.id ?? ""} in namespace ${scope.namespace}${state}`,
    pollAfterMs,
  });
}
