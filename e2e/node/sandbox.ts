import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Processes } from "../cluster/processes.ts";
import { until } from "../cluster/wait.ts";
import { type Cgroups, cgroupsOf, makeCgroups, moveToSystem } from "./cgroups.ts";
import { cgroupName, type NodeContext, nodeAddressPrefix, nodeFolders, serviceNetwork } from "./location.ts";

/** The process on whose end the kernel ends everything in the node. */
export const sandboxProcess = "sandbox";

/** The node's namespaces: where its processes go. */
export interface Sandbox {
  /** Its first process, by the pid that the host sees. */
  readonly pid: number;
  readonly cgroups: Cgroups;
}

/** What the node sees of the host's files, at the same paths, besides the host's programs and /etc, which it may only read. */
export interface Sight {
  readonly writable: readonly string[];
  readonly readable: readonly string[];
}

/** Makes the namespaces and cgroups of the node. `init` is the program that becomes their first process. */
export async function startSandbox(context: NodeContext, init: string, sight: Sight): Promise<Sandbox> {
  const folders = nodeFolders(context);
  const ready = join(context.stateDir, "sandbox.ready");
  const cgroups = cgroupsOf(cgroupName(context.stateDir));
  for (const folder of [...Object.values(folders), ...sight.writable]) mkdirSync(folder, { recursive: true });
  rmSync(ready, { force: true });
  makeCgroups(cgroups);
  const record = context.processes.startProcess({
    name: sandboxProcess,
    command: "/bin/sh",
    args: [join(import.meta.dirname, "sandbox.sh")],
    env: {
      NODE_NAME: context.place.name,
      NODE_ADDRESS: `${context.place.address}/${nodeAddressPrefix}`,
      NODE_SERVICES: serviceNetwork,
      NODE_CGROUPS: cgroups.roots.join(" "),
      NODE_HIERARCHIES: cgroups.hierarchies
        .map(({ folder, type, options }) => `${folder}|${type}|${options}`)
        .join("\n"),
      NODE_ROOT: folders.root,
      NODE_WRITABLE: [...sight.writable, context.stateDir].join("\n"),
      NODE_READABLE: sight.readable.join("\n"),
      NODE_KUBELET: folders.kubelet,
      NODE_INIT: init,
      NODE_READY: ready,
    },
    // unshare(1) waits for its child and lets no other signal through; the child is killed with it.
    stopSignal: "SIGKILL",
  });
  await until("the node's namespaces", 20_000, async () => (existsSync(ready) ? true : undefined));
  const pid = childOf(record.pid);
  if (pid === undefined) throw new Error("the node's first process is gone");
  moveToSystem(cgroups, [record.pid, pid]);
  return { pid, cgroups };
}

/** The sandbox of a cluster that runs; undefined when there is none. */
export function findSandbox(processes: Processes, stateDir: string): Sandbox | undefined {
  const record = processes.list().find(({ name }) => name === sandboxProcess);
  if (record === undefined || !processes.isRunning(sandboxProcess)) return undefined;
  const pid = childOf(record.pid);
  return pid === undefined ? undefined : { pid, cgroups: cgroupsOf(cgroupName(stateDir)) };
}

/** The only child of a process (proc(5), /proc/pid/task/tid/children). */
function childOf(pid: number): number | undefined {
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return child ? Number(child) : undefined;
}
