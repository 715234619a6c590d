import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "#e2e/cluster/location.ts";
import { eventually } from "./eventually.ts";

/** An operator of a test's own, that the test may kill. */
export interface OperatorProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Where /metrics is, if `--health-address` is not "off". */
  readonly healthPort: number | undefined;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL: no last word. */
  kill(): Promise<void>;
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly logFile: string;
  /** Flags that are added; where one is given here, it counts instead of ours. */
  readonly args?: readonly string[];
  /** A program that becomes the one which follows in its arguments, in other namespaces: that and its own arguments. */
  readonly through?: readonly string[];
  /** An alarm: how long it may take until it works. Default: half a minute. */
  readonly withinMs?: number;
}

/** Starts operator/main.ts and waits until it works. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const [program = "", ...args] = [
    ...(options.through ?? []),
    process.execPath,
    join(checkout, "operator/main.ts"),
    "--kubeconfig",
    options.kubeconfig,
    "--installation-id",
    "local",
    "--health-address",
    "off",
    ...(options.args ?? []),
  ];
  // Compiled once for all starts: half of what a start costs is taking the types away.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(checkout, ".cache", "compiled") };
  const child: ChildProcess = spawn(program, args, { cwd: checkout, env, stdio: ["ignore", "pipe", "pipe"] });
  const log = createWriteStream(options.logFile, { flags: "a" });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  let exited: number | null | undefined;
  const ended = once(child, "exit").then(([code]) => {
    exited = code as number | null;
    return exited;
  });
  const from = sizeOf(options.logFile);
  try {
    await eventually(
      "the operator to work",
      async () => {
        if (exited !== undefined) throw new Error(`the operator ended with ${exited}; see ${options.logFile}`);
        return readFileSync(options.logFile, "utf8").slice(from).includes('"msg":"working"');
      },
      { withinMs: options.withinMs ?? 30_000 },
    );
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const serving = /"port":(\d+),"msg":"serving /.exec(readFileSync(options.logFile, "utf8").slice(from));
  return {
    pid: child.pid ?? 0,
    logFile: options.logFile,
    healthPort: serving === null ? undefined : Number(serving[1]),
    stop: async () => {
      child.kill("SIGTERM");
      return await ended;
    },
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file, "utf8").length;
  } catch {
    return 0;
  }
}
