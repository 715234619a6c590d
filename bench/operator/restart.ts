import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { untilEstablished } from "#e2e/cluster/established.ts";
import { apply, kubectl } from "#e2e/cluster/kubectl.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { applyNepheleObjects, systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { tools } from "#e2e/tools/build.ts";
import { namespaces } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { apiVersionOf } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import { connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { type Bed, withBed } from "../bed.ts";
import { inParallel } from "../in-parallel.ts";
import { machine } from "../machine.ts";
import { WRITERS } from "../runtime/samples.ts";
import { startOperatorRun } from "./operator-run.ts";
import { restartReport, type Start } from "./restart-report.ts";

/**
 * How the operator itself restarts with many Servers: time until each has been looked at, processor time, resident
 * memory, writes. The Servers wait for a Flavor that is not there, so neither KubeVirt nor CDI needs to run: their CRDs
 * are enough. What a Server's children cost in memory is therefore not in it.
 */
const { values } = parseArgs({ options: { servers: { type: "string", default: "10000" } } });
const count = Number(values.servers);
const WHOLE = 10_000;
const RESTARTS = 5;
const namespace = "scale";
const PORT = 19_480;
const DEADLINE_MS = 20 * 60_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

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
  await untilEstablished(run, "crd", "--all");
}

async function makeServers(kube: KubeClient): Promise<void> {
  await inParallel(count, WRITERS, async (at) => {
    const metadata = { namespace, name: `server-${String(at).padStart(5, "0")}` };
    const spec = { flavorRef: { name: "missing" }, imageRef: { name: "missing" } };
    await kube.create(servers, { apiVersion: apiVersionOf(servers), kind: servers.kind, metadata, spec });
  });
}

/** Runs an operator until it has made as many passes over Servers as there are, and five seconds more. */
async function run(bed: Bed, what: string): Promise<Start> {
  const started = performance.now();
  const logFile = join(bed.logsDir, "operator.log");
  const operator = startOperatorRun({ kubeconfig: bed.kubeconfig, installationId: "bench", logFile, port: PORT });
  try {
    const passes = async (): Promise<number> => (await operator.counters())?.passes["server"] ?? 0;
    for (let now = await passes(); now < count; now = await passes()) {
      if (performance.now() - started > DEADLINE_MS) throw new Error(`${now} of ${count} were looked at`);
      await delay(100);
    }
    const [seconds, cpu] = [(performance.now() - started) / 1000, operator.cpuSeconds()];
    await delay(5_000);
    const { now, peak } = operator.memory();
    const start = {
      what,
      seconds,
      cpuSeconds: cpu,
      resident: now,
      highest: peak,
      writes: (await operator.counters())?.writes,
    };
    print(JSON.stringify(start));
    return start;
  } finally {
    await operator.stop();
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
await withBed(print, async (bed) => {
  const connection = await connect({ kubeconfig: bed.kubeconfig });
  try {
    const kube = createClient(createTransport(connection, { userAgent: "bench-writer/1" }));
    await install(bed, kube);
    await makeServers(kube);
    const starts = [await run(bed, "first start: each gets its status")];
    for (let again = 1; again <= RESTARTS; again += 1) starts.push(await run(bed, `restart ${again}`));
    const text = restartReport(machine(), count, starts);
    print(text);
    // Fewer are for a look.
    if (count >= WHOLE) writeFileSync(join(checkout, "docs", "bench-restart.md"), text);
  } finally {
    await connection.close();
  }
});
