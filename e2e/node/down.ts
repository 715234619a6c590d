import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClusterLocation } from "../cluster/location.ts";
import { openProcesses, type Processes } from "../cluster/processes.ts";
import { withLock } from "../tools/lock.ts";
import { cgroupsOf, removeCgroups } from "./cgroups.ts";
import { containerdProcess } from "./containerd.ts";
import { cgroupName, secondLocation } from "./location.ts";
import { sandboxProcess } from "./sandbox.ts";

/** Takes the node down: nothing of it is left but containerd's store in the cache. No error when there is none. */
export async function downNode(location: ClusterLocation): Promise<void> {
  await withLock(`cluster ${location.stateDir}`, () =>
    removeNode(location, openProcesses(location.stateDir, location.logsDir)),
  );
}

/** Ends every process, removes the cgroups and the state folder, but for its logs if they are to stay. The caller holds the lock. */
export async function removeNode(
  { stateDir, logsDir }: ClusterLocation,
  processes: Processes,
  { keepLogs = false } = {},
): Promise<void> {
  const second = secondLocation({ stateDir, logsDir });
  if (existsSync(second.stateDir)) await removeNode(second, openProcesses(second.stateDir, second.logsDir));
  // containerd alone has something to put in order: its store is kept. All else ends with the namespaces.
  await processes.stopProcess(containerdProcess);
  await processes.stopProcess(sandboxProcess);
  await processes.stopAll();
  await removeCgroups(cgroupsOf(cgroupName(stateDir)));
  if (!existsSync(stateDir)) return;
  for (const name of readdirSync(stateDir)) {
    const path = join(stateDir, name);
    if (!(keepLogs && path === logsDir)) rmSync(path, { recursive: true, force: true });
  }
  if (!keepLogs) rmSync(stateDir, { recursive: true });
}
