import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { request } from "undici";
import { apply, kubectl } from "#e2e/cluster/kubectl.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { applyNepheleObjects, systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { tools } from "#e2e/tools/build.ts";
import { servers } from "#operator/api/resources.ts";
import { apiVersionOf, defineResource } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { type Bed, withBed } from "./bed.ts";
import { NODE_FLAGS } from "./contenders.ts";
import { WRITERS } from "./samples.ts";
import { cpuSeconds, memory } from "./usage.ts";

/**
 * How the operator itself restarts with many Servers: time until each has been looked at, processor time, resident
 * memory, writes. The Servers wait for a Flavor that is not there, so neither KubeVirt nor CDI needs to run: their CRDs
 * are enough. What a Server's children cost in memory is therefore not in it.
 */
const { values } = parseArgs({ options: { servers: { type: "string", default: "10000" } } });
const count = Number(values.servers);
const namespace = "scale";
const port = 19_480;
const DEADLINE_MS = 20 * 60_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const namespaces = defineResource({
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
});

async function install(bed: Bed, kube: KubeClient): Promise<void> {
  const run = kubectl(bed.kubectl, bed.kubeconfig);
  for (const name of [systemNamespace, namespace]) {
    const metadata = { name };
    await kube.apply(namespaces, { apiVersion: "v1", kind: "Namespace", metadata }, { fieldOwner: "nephele-bench" });
  }
  await applyNepheleObjects(run);
  for (const name of ["kubevirt", "cdi"] as const) {
    await apply(run, join((await tools(name, print)).manifests, "crds.yaml"));
  }
  await delay(10_000);
}

async function makeServers(kube: KubeClient): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let mine = next++; mine < count; mine = next++) {
      const metadata = { namespace, name: `server-${String(mine).padStart(5, "0")}` };
      const spec = { flavorRef: { name: "missing" }, imageRef: { name: "missing" } };
      await kube.create(servers, { apiVersion: apiVersionOf(servers), kind: servers.kind, metadata, spec });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

/** Sums of the operator's counters: passes over Servers, and writes. Undefined while it does not answer yet. */
async function counters(): Promise<{ readonly passes: number; readonly writes: number } | undefined> {
  try {
    const answer = await request(`http://127.0.0.1:${port}/metrics`);
    const lines = (await answer.body.text()).split("\n");
    const sum = (pattern: RegExp): number =>
      lines.filter((line) => pattern.test(line)).reduce((all, line) => all + Number(line.split(" ").at(-1)), 0);
    return {
      passes: sum(/^nephele_reconcile_seconds_count\{.*controller="server"/),
      writes: sum(/^nephele_api_requests_total\{.*verb="(create|update|patch|delete)"/),
    };
  } catch {
    return undefined;
  }
}

/** Runs an operator until it has made as many passes over Servers as there are, and five seconds more. */
async function run(bed: Bed, what: string): Promise<void> {
  const started = performance.now();
  const log = openSync(join(bed.logsDir, "operator.log"), "a", 0o600);
  const child = spawn(
    process.execPath,
    [
      ...NODE_FLAGS,
      join(checkout, "operator", "main.ts"),
      ...["--kubeconfig", bed.kubeconfig, "--installation-id", "bench", "--no-leader-elect"],
      ...["--log-level", "warn", "--health-address", `127.0.0.1:${port}`],
    ],
    { stdio: ["ignore", log, log] },
  );
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const pid = child.pid ?? 0;
  try {
    for (let now = await counters(); (now?.passes ?? 0) < count; now = await counters()) {
      if (child.exitCode !== null) throw new Error(`the operator ended; see ${bed.logsDir}/operator.log`);
      if (performance.now() - started > DEADLINE_MS) throw new Error(`${now?.passes ?? 0} of ${count} were looked at`);
      await delay(100);
    }
    const [seconds, cpu] = [(performance.now() - started) / 1000, cpuSeconds(pid)];
    await delay(5_000);
    const { now, peak } = memory(pid);
    const mega = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
    const writes = (await counters())?.writes ?? Number.NaN;
    print(
      `${what}: all looked at after ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} CPU s, resident ${mega(now)} (highest ${mega(peak)}), ${writes} writes`,
    );
  } finally {
    process.off("exit", kill);
    kill();
    await once(child, "exit");
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
await withBed(print, async (bed) => {
  const connection = await connect({ kubeconfig: bed.kubeconfig });
  try {
    const kube = createClient(createTransport(connection, { userAgent: "bench-writer/1" }));
    await install(bed, kube);
    await makeServers(kube);
    await run(bed, `first start with ${count} Servers`);
    for (let again = 1; again <= 3; again += 1) await run(bed, `restart ${again}`);
  } finally {
    await connection.close();
  }
});
