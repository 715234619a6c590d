import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Processes, ProcessSpec } from "../cluster/processes.ts";
import { type Sandbox, sandboxProcess } from "./sandbox.ts";

/** What a program in the node finds in its environment. */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  TMPDIR: "/tmp",
};

/** How to get into a node. */
export interface Entry {
  readonly sandbox: Sandbox;
  /** The path of the program `enter` (e2e/tools/node). */
  readonly enter: string;
}

/** The same processes, but what is started is started inside the node. */
export function inside(processes: Processes, { sandbox, enter }: Entry): Processes {
  return {
    ...processes,
    startProcess: (spec) => processes.startProcess(entered(spec, sandbox, enter)),
  };
}

/** How a process is started inside the node. */
function entered(spec: ProcessSpec, sandbox: Sandbox, enter: string): ProcessSpec {
  return {
    ...spec,
    command: enter,
    args: entering(sandbox, spec.command, spec.args),
    env: { ...environment, ...spec.env },
    dependsOn: [...(spec.dependsOn ?? []), sandboxProcess],
  };
}

/**
 * Runs a program inside the node to its end and gives what it printed. An error holds what it said. `input` is a file of
 * the host that it reads as its standard input.
 */
export async function runInside(
  { sandbox, enter }: Entry,
  command: string,
  args: readonly string[],
  input = "/dev/null",
): Promise<string> {
  const file = openSync(input, "r");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  try {
    const child = spawn(enter, entering(sandbox, command, args), { env: environment, stdio: [file, "pipe", "pipe"] });
    let [printed, said] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${command} ${args.join(" ")} in the node ended with ${code}: ${said.trim()}`));
    });
    return await promise;
  } finally {
    closeSync(file);
  }
}

function entering(sandbox: Sandbox, command: string, args: readonly string[]): string[] {
  const cgroups = sandbox.cgroups.system.map((folder) => `-cgroup=${folder}`);
  return [`-pid=${sandbox.pid}`, ...cgroups, "--", command, ...args];
}
