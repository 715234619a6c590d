import { rmSync } from "node:fs";
import { downNode } from "../node/down.ts";
import { withLock } from "../tools/lock.ts";
import type { ClusterLocation } from "./location.ts";
import { removeOpenStack } from "./openstack/openstack.ts";
import { downKind } from "./other-clusters.ts";
import { openProcesses, type Processes } from "./processes.ts";
import { wantedCluster, wantedLocation } from "./wanted.ts";

/** Takes the cluster down: no process and no file of it is left but the cache. No error when there is none. */
export async function down(location: ClusterLocation): Promise<void> {
  await withLock(`cluster ${location.stateDir}`, () =>
    removeEverything(location, openProcesses(location.stateDir, location.logsDir)),
  );
}

/** Stops every process, those that depend on others first, and removes the state folder. The caller holds the lock. */
export async function removeEverything(location: ClusterLocation, processes: Processes): Promise<void> {
  await processes.stopAll();
  removeOpenStack(location);
  rmSync(location.stateDir, { recursive: true, force: true });
}

if (import.meta.main) {
  const location = wantedLocation();
  const wanted = wantedCluster();
  if (wanted === "kind") await downKind();
  if (wanted === "existing") {
    process.stdout.write("CLUSTER=existing: your cluster is left as it is.\n");
  } else {
    await (wanted === "node" ? downNode(location) : down(location));
    process.stdout.write(`The cluster in ${location.stateDir} is gone.\n`);
  }
}
