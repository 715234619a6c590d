import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { request } from "undici";
import { checkout } from "#e2e/cluster/location.ts";
import { NODE_FLAGS } from "#operator/node-flags.ts";
import { nodeEnvironment } from "../node-environment.ts";
import { cpuSeconds, memory } from "../usage.ts";

/** The operator's own counters, summed up. */
export interface Counters {
  /** Passes by controller. */
  readonly passes: Readonly<Record<string, number>>;
  /** Requests that change something, Lease renewals apart. */
  readonly writes: number;
}

/** One run of the operator under measurement. */
export interface OperatorRun {
  /** Undefined while it does not answer yet. @throws Error when it has ended */
  counters(): Promise<Counters | undefined>;
  cpuSeconds(): number;
  memory(): ReturnType<typeof memory>;
  stop(): Promise<void>;
}

export interface OperatorRunOptions {
  readonly kubeconfig: string;
  readonly installationId: string;
  readonly logFile: string;
  /** Where it serves /metrics, on loopback. */
  readonly port: number;
  readonly args?: readonly string[];
}

export function startOperatorRun(options: OperatorRunOptions): OperatorRun {
  const log = openSync(options.logFile, "a", 0o600);
  const child = spawn(
    process.execPath,
    [
      ...NODE_FLAGS,
      join(checkout, "operator", "main.ts"),
      ...["--kubeconfig", options.kubeconfig, "--installation-id", options.installationId, "--no-leader-elect"],
      ...["--log-level", "warn", "--health-address", `127.0.0.1:${options.port}`],
      ...(options.args ?? []),
    ],
    { env: nodeEnvironment, stdio: ["ignore", log, log] },
  );
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) throw new Error("the operator cannot be started");
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    counters: async () => {
      if (child.exitCode !== null) throw new Error(`the operator ended; see ${options.logFile}`);
      try {
        return parseCounters(await (await request(`http://127.0.0.1:${options.port}/metrics`)).body.text());
      } catch {
        return undefined;
      }
    },
    cpuSeconds: () => cpuSeconds(pid),
    memory: () => memory(pid),
    stop: async () => {
      process.off("exit", kill);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    },
  };
}

const SAMPLE = /^(\w+)\{(.*)\} (\S+)$/;
const WRITES: readonly (string | undefined)[] = ["create", "update", "patch", "delete"];

/** Reads the text that Prometheus scrapes, as far as {@link Counters} go. */
export function parseCounters(text: string): Counters {
  const passes: Record<string, number> = {};
  let writes = 0;
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    const label = (of: string): string | undefined => new RegExp(`(?:^|,)${of}="([^"]*)"`).exec(labels)?.[1];
    if (name === "nephele_reconcile_seconds_count") {
      const controller = label("controller") ?? "";
      passes[controller] = (passes[controller] ?? 0) + Number(value);
    } else if (name === "nephele_api_requests_total" && WRITES.includes(label("verb"))) {
      if (label("resource") !== "leases.coordination.k8s.io") writes += Number(value);
    }
  }
  return { passes, writes };
}
