import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ClusterFile } from "#e2e/cluster/cluster-file.ts";
import { eventually } from "./eventually.ts";

/** What `kubectl get servers -w` told of one Server's states, from the first word on. */
export interface WatchedStates {
  /**
   * Waits for something new to be told and for `end` to be the last of it. Gives each `state` or `state/taskState` once
   * in a row, beginning with the last one of the call before.
   * @throws Error with what was seen, when it does not come about in time, or one of them came with another power than Nova's
   */
  until(end: string, withinMs: number): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** The power that each of these states has for Nova. The others have more than one. */
const POWERS: Readonly<Record<string, string>> = {
  "BUILD/scheduling": "NoState",
  "BUILD/block_device_mapping": "NoState",
  "BUILD/spawning": "NoState",
  ACTIVE: "Running",
  "ACTIVE/powering-off": "Running",
  "ACTIVE/powering-on": "Shutdown",
  SHUTOFF: "Shutdown",
  PAUSED: "Paused",
};

/** Begins to watch a Server that may not be there yet. */
export function watchStates(cluster: ClusterFile, key: { namespace: string; name: string }): WatchedStates {
  const columns =
    "custom-columns=NAME:.metadata.name,STATE:.status.state,TASK:.status.taskState,POWER:.status.powerState";
  const args = ["get", "servers.nephele.dev", `--namespace=${key.namespace}`, "--watch", "--no-headers", "-o", columns];
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfigPath };
  const child = spawn(cluster.kubectl, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const seen: string[] = [];
  const wrong: string[] = [];
  /** Whether the first of them was given before. */
  let told = false;
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [name, state, task, power] = line.trim().split(/\s+/);
      if (name !== key.name || state === undefined || state === "<none>") continue;
      const word = task === undefined || task === "<none>" ? state : `${state}/${task}`;
      if (seen.at(-1) !== word) seen.push(word);
      const right = POWERS[word];
      if (right !== undefined && power !== right) wrong.push(`${word} came with power ${power}`);
    }
  });
  return {
    until: async (end, withinMs) => {
      const known = told ? 1 : 0;
      await eventually(`Server ${key.name} to be ${end}`, async () => seen.length > known && seen.at(-1) === end, {
        withinMs,
        seen: () => seen,
      });
      if (wrong.length > 0) throw new Error(`Server ${key.name}: ${wrong.join("; ")}`);
      told = true;
      const words = [...seen];
      seen.splice(0, seen.length - 1);
      return words;
    },
    close: async () => {
      if (child.exitCode !== null || !child.kill()) return;
      await once(child, "close");
    },
  };
}
