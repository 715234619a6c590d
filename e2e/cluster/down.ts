import { existsSync, rmSync } from "node:fs";
import { downNode } from "../node/down.ts";
import { withLock } from "../tools/lock.ts";
import { type ClusterLocation, clusterLocation } from "./location.ts";
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

/** Takes down what this machine made by itself. Root's two kinds go both: which of them was meant before is not known. */
async function downLocal(print: (line: string) => void): Promise<void> {
  const [node, control] = [clusterLocation(process.env, "node"), clusterLocation()];
  await downNode(node);
  print(`The cluster in ${node.stateDir} is gone.`);
  if (control.stateDir === node.stateDir || !existsSync(control.stateDir)) return;
  await down(control);
  print(`The cluster in ${control.stateDir} is gone.`);
}

async function downWanted(print: (line: string) => void): Promise<void> {
  const wanted = wantedCluster();
  const { stateDir } = wantedLocation();
  if (wanted === "existing") return print("CLUSTER=existing: your cluster is left as it is.");
  if (wanted === "node" && (process.env["CLUSTER"] || "local") === "local") return await downLocal(print);
  if (wanted === "kind") await downKind();
  await (wanted === "node" ? downNode(wantedLocation()) : down(wantedLocation()));
  print(`The cluster in ${stateDir} is gone.`);
}

if (import.meta.main) await downWanted((line) => void process.stdout.write(`${line}\n`));
