import { projects } from "#operator/api/resources.ts";
import { RESTORED_GRACE_MS } from "#operator/restored-grace.ts";
import { shortList } from "#operator/short-list.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { orphanedProjects } from "../decide/orphans.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";

/** For a day after the Cloud came back out of a backup: which Keystone projects no object owns yet. Nothing is done about them. */
export async function reportOrphans(
  scope: CloudScope,
  { platform }: CloudDeployment,
  signal: AbortSignal,
): Promise<Outcome> {
  const { cache, clients, now, restore, results } = scope;
  const restored = results.get("Restored");
  const completedAt = Date.parse(restore?.completedAt ?? "");
  if (clients === undefined || restored?.kind !== "settled" || !(now.getTime() < completedAt + RESTORED_GRACE_MS))
    return settled();
  const known = new Set(cache.list(projects).map(({ metadata }) => metadata.name));
  const found = orphanedProjects(
    await clients.keystone(scope.call(signal)).projects.list(),
    platform.installationId,
    known,
  );
  if (found.length === 0) return settled();
  return settled({
    message: `${restored.message ?? ""}. Keystone has projects of Projects that are not there: ${shortList(found, 10)}`,
  });
}
