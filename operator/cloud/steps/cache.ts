import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { memcached } from "../children/memcached.ts";
import { isInMesh, meshServices } from "../children/mesh.ts";
import { service } from "../children/service.ts";
import { type CloudDeployment, MEMCACHED_PORT } from "../deployment.ts";
import { deployments } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { awaitRollout } from "./workloads.ts";

/** memcached. Nothing waits for it: without it everything works, and slowly. */
export async function ensureCache(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { cache } = deployment;
  if (!cache.bundled) {
    scope.results.set("CacheReady", settled({ message: `External: ${cache.servers.join(", ")}` }));
    return settled();
  }
  const desired = memcached(deployment);
  const found = isInMesh(deployment, "memcached")
    ? meshServices(deployment, "memcached")
    : [service(deployment, "memcached", MEMCACHED_PORT)];
  await applyAll(scope, [...found, desired]);
  const outcome = await awaitRollout(scope, deployments, desired);
  scope.results.set("CacheReady", outcome);
  return outcome.kind === "settled" ? settled() : settled({ pollAfterMs: unwellPoll(scope) });
}
