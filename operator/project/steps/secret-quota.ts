import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { notLookedAt, type ProjectScope } from "../scope.ts";

/** Barbican counts the project's secrets against the quota. */
export async function ensureSecretQuota(scope: ProjectScope, signal: AbortSignal): Promise<Outcome> {
  const { project, facts, cloud } = scope;
  if (!scope.compares || facts.id === undefined || cloud === undefined) return notLookedAt;
  const wanted = project.spec.quota?.secrets;
  const quotas = cloud.clients.quotas({ signal, requestId: `req-${scope.reconcileId}` });
  const current = await quotas.get(facts.id);
  if (wanted === undefined) {
    // A limit that somebody else set on a project that we took over is not ours to lift.
    if (current?.secrets !== undefined && project.spec.adopt === undefined) await quotas.delete(facts.id);
    return settled();
  }
  if (current?.secrets !== wanted) await quotas.put(facts.id, { ...current, secrets: wanted });
  return settled();
}
