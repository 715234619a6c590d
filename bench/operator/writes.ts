import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { down } from "#e2e/cluster/down.ts";
import { openCluster } from "#e2e/cluster/handle.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { playedNodeName } from "#e2e/cluster/node.ts";
import { operatorProcess } from "#e2e/cluster/operator.ts";
import { openPorts } from "#e2e/cluster/ports.ts";
import { up } from "#e2e/cluster/up.ts";
import { type GuestBed, openGuestBed } from "#e2e/scenarios/guest-bed.ts";
import { secrets } from "#operator/api/resources.ts";
import { apiVersionOf, defineResource } from "#runtime/api/resource.ts";
import { auditOf } from "../audit.ts";
import { inParallel } from "../in-parallel.ts";
import { machine } from "../machine.ts";
import { watchReady } from "../watch-ready.ts";
import { type OperatorRun, startOperatorRun } from "./operator-run.ts";
import { type Made, RESYNC_MINUTES, writesReport } from "./writes-report.ts";

/**
 * How many writes a Secret and a Server cost until they are Ready, and that they cost none at rest: on the local cluster,
 * which is started for it and taken down.
 */
const { values } = parseArgs({
  options: {
    secrets: { type: "string", default: "1000" },
    servers: { type: "string", default: "1000" },
    "rest-minutes": { type: "string", default: "12" },
  },
});
const SECRETS_AT_ONCE = 24;
/** So few that none builds for longer than 30 s, after which its status says more and is written once more. */
const SERVERS_AT_ONCE = 4;
const TRIES = 5;
const SETTLE_MS = 20_000;
const DEADLINE_MS = 60 * 60_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);
const named = (kind: string, at: number): string => `${kind}-${String(at).padStart(4, "0")}`;

const nodes = defineResource({ group: "", version: "v1", plural: "nodes", kind: "Node", namespaced: false });

/** The node of the local cluster is played: it can be as large as is needed. */
async function enlargeNode(bed: GuestBed): Promise<void> {
  const room = {
    cpu: "1k",
    memory: "4Ti",
    pods: "5k",
    "devices.kubevirt.io/kvm": "5k",
    "devices.kubevirt.io/tun": "5k",
    "devices.kubevirt.io/vhost-net": "5k",
  };
  await bed.kube.mergePatch(
    nodes,
    { name: playedNodeName },
    { status: { capacity: room, allocatable: room } },
    "status",
  );
}

/** The bed gives up after 30 s, which is too soon for a machine that does other things too; what it did can be repeated. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

async function measured(
  kind: string,
  objects: number,
  operator: OperatorRun,
  work: () => Promise<unknown>,
): Promise<Omit<Made, "events"> & { readonly from: string; readonly to: string }> {
  print(`${objects} ${kind}s`);
  const [from, started, cpu] = [new Date().toISOString(), performance.now(), operator.cpuSeconds()];
  await work();
  const seconds = (performance.now() - started) / 1000;
  await delay(SETTLE_MS);
  print(`${kind}s were Ready after ${seconds.toFixed(0)} s`);
  return { kind, objects, seconds, cpuSeconds: operator.cpuSeconds() - cpu, from, to: new Date().toISOString() };
}

async function measure(bed: GuestBed, operator: OperatorRun): Promise<string> {
  const { kube, transport, cluster } = bed;
  const minutes = Number(values["rest-minutes"]);
  await enlargeNode(bed);
  const tenant = await patiently(() => bed.tenant());
  const flavor = await bed.flavor("small");
  await patiently(() => tenant.activeImage("debian"));
  const parts: Awaited<ReturnType<typeof measured>>[] = [];
  const secretCount = Number(values.secrets);
  parts.push(
    await measured("Secret", secretCount, operator, () =>
      Promise.all([
        watchReady(transport, secrets, tenant.name, secretCount, DEADLINE_MS),
        inParallel(secretCount, SECRETS_AT_ONCE, async (at) => {
          await kube.create(secrets, {
            apiVersion: apiVersionOf(secrets),
            kind: secrets.kind,
            metadata: { namespace: tenant.name, name: named("secret", at) },
            spec: { type: "passphrase", source: { generate: { length: 32 } }, protected: false },
          });
        }),
      ]),
    ),
  );
  const serverCount = Number(values.servers);
  const spec = { flavorRef: { name: flavor }, imageRef: { name: "debian" } };
  parts.push(
    await measured("Server", serverCount, operator, () =>
      inParallel(serverCount, SERVERS_AT_ONCE, async (at) => {
        await patiently(() => tenant.runningServer(named("server", at), spec as never));
      }),
    ),
  );
  print(`at rest for ${minutes} minutes`);
  const [restFrom, cpu, before] = [new Date().toISOString(), operator.cpuSeconds(), await operator.counters()];
  await delay(minutes * 60_000);
  const after = await operator.counters();
  const passes = Object.fromEntries(
    Object.entries(after?.passes ?? {}).map(([name, count]) => [name, count - (before?.passes[name] ?? 0)]),
  );
  const events = await auditOf(cluster.auditLogPath, ["nephele-operator/"]);
  const between = (from: string, to: string) =>
    events.filter(({ stageTimestamp }) => stageTimestamp >= from && stageTimestamp < to);
  const made = parts.map(({ from, to, ...one }) => ({ ...one, events: between(from, to) }));
  const rest = {
    minutes,
    passes,
    cpuSeconds: operator.cpuSeconds() - cpu,
    rss: operator.memory().now,
    events: between(restFrom, "9"),
  };
  return writesReport(machine(), made, rest);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
const location = clusterLocation();
try {
  const { kubeconfigPath: _, stateDir, logsDir } = await up(location, print);
  // Its own operator, whose counters can be read, takes the place of the cluster's.
  await openCluster(stateDir).stop(operatorProcess);
  const operator = startOperatorRun({
    kubeconfig: join(stateDir, "nephele-operator.kubeconfig"),
    installationId: "local",
    logFile: join(logsDir, "bench-operator.log"),
    port: await openPorts(stateDir).take("bench-operator"),
  });
  try {
    const text = await measure(await openGuestBed(), operator);
    print(text);
    // A shorter rest is for a look: it is no whole resync.
    if (Number(values["rest-minutes"]) > RESYNC_MINUTES) writeFileSync(join(checkout, "docs", "bench-writes.md"), text);
  } finally {
    await operator.stop();
  }
} finally {
  await down(location);
}
// Connections of the bed are left open: the cluster behind them is gone.
process.exit(process.exitCode ?? 0);
