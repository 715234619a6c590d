import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
import { nodeName } from "#e2e/node/location.ts";
import { upNode } from "#e2e/node/up.ts";
import { countWrites } from "#e2e/proofs/writes.ts";
import { openRealGuests, type RealGuests } from "#e2e/scenarios/real-guests.ts";
import { virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { projects, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { auditOf } from "../audit.ts";
import { inParallel } from "../in-parallel.ts";
import { machine } from "../machine.ts";
import { OPERATOR } from "../operator/writes-report.ts";
import { bareMachine } from "./bare-machine.ts";
import { type Many, type Pair, serversReport } from "./report.ts";

/**
 * What a Server costs over the bare VirtualMachine that it becomes, on the node with guests that boot: time until the guest
 * answers, writes of the operator until then, and none at rest; and many at once.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    "at-once": { type: "string", default: "20" },
    "rest-minutes": { type: "string", default: "12" },
  },
});
const DEADLINE_MS = 30 * 60_000;
/** Writes that follow the guest's first answer: the status that names its address, and counts that are made every 30 s. */
const SETTLE_MS = 45_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

/** Seconds until the guest of an instance answers; the instance may not be there yet. */
async function untilGuestAnswers(real: RealGuests, name: string, started: number): Promise<number> {
  const address = await eventually(
    `an address of ${name}`,
    async () => {
      const found = await real.bed.kube.get(virtualMachineInstances, real.at(name));
      const given = found?.status?.interfaces?.[0]?.ipAddress;
      return given === "" ? undefined : given;
    },
    { withinMs: DEADLINE_MS },
  );
  const guest = await openGuest(real.node, address);
  try {
    await guest.read("/etc/hostname", DEADLINE_MS);
  } finally {
    guest.close();
  }
  return (performance.now() - started) / 1000;
}

async function goneAgain(real: RealGuests, name: string): Promise<void> {
  await eventually(
    `${name} to be gone`,
    async () => {
      const kinds = [virtualMachines, virtualMachineInstances] as readonly Resource[];
      const left = kinds.map((kind) => real.bed.kube.get(kind, real.at(name)));
      return (await Promise.all(left)).every((found) => found === undefined);
    },
    { withinMs: DEADLINE_MS },
  );
}

async function aServer(real: RealGuests, name: string, spec: object): Promise<number> {
  const started = performance.now();
  await real.apply(name, spec);
  return await untilGuestAnswers(real, name, started);
}

/** Seconds until each of so many Servers was ACTIVE. */
async function untilAllActive(real: RealGuests, count: number, started: number): Promise<readonly number[]> {
  const after = new Map<string, number>();
  await eventually(
    "all of them to be ACTIVE",
    async () => {
      for (const { metadata, status } of await real.bed.kube.list(servers, { namespace: real.team }))
        if (status?.state === "ACTIVE" && !after.has(metadata.name))
          after.set(metadata.name, (performance.now() - started) / 1000);
      return after.size === count;
    },
    { withinMs: DEADLINE_MS, seen: () => [...after] },
  );
  return [...after.values()];
}

interface PodStats {
  readonly podRef: { readonly name: string; readonly namespace: string };
  readonly memory?: { readonly workingSetBytes?: number };
}

/** What kubelet counts as in use, in bytes: of all pods of the Project, and of the operator's. */
async function memoryOf(real: RealGuests): Promise<Many["memory"]> {
  const summary = await real.node.run("get", "--raw", `/api/v1/nodes/${nodeName}/proxy/stats/summary`);
  const { pods } = JSON.parse(summary) as { readonly pods: readonly PodStats[] };
  const sum = (which: (pod: PodStats["podRef"]) => boolean): number =>
    pods.filter(({ podRef }) => which(podRef)).reduce((all, pod) => all + (pod.memory?.workingSetBytes ?? 0), 0);
  return {
    guests: sum(({ namespace }) => namespace === real.team),
    operator: sum(({ namespace, name }) => namespace === systemNamespace && name.startsWith("nephele-operator-")),
  };
}

async function writesSince(real: RealGuests, from: string): Promise<ReturnType<typeof countWrites>> {
  const events = await auditOf(real.bed.cluster.auditLogPath, ["nephele-operator/"]);
  // What else is in the cluster is somebody else's.
  const isOurs = ({ namespace }: { readonly namespace?: string } = {}): boolean =>
    namespace === undefined || namespace === real.team;
  return countWrites(
    events.filter(({ stageTimestamp, objectRef }) => stageTimestamp >= from && isOurs(objectRef)),
    OPERATOR,
  );
}

/** A Server, then the bare machine, then the other way round: what else the machine does falls on both. */
async function pairs(real: RealGuests, spec: object, runs: number): Promise<readonly Pair[]> {
  const { kube } = real.bed;
  await aServer(real, "pattern", spec);
  const pattern = await kube.get(virtualMachines, real.at("pattern"));
  if (pattern === undefined) throw new Error("the Server has no VirtualMachine");
  await kube.delete(servers, real.at("pattern"));
  await goneAgain(real, "pattern");
  const found: Pair[] = [];
  for (let run = 0; run < runs; run += 1) {
    const [server, bare] = [`server-${run}`, `bare-${run}`];
    const seconds: { server?: number; bare?: number } = {};
    for (const which of run % 2 === 0 ? (["server", "bare"] as const) : (["bare", "server"] as const)) {
      if (which === "server") {
        seconds.server = await aServer(real, server, spec);
        await kube.delete(servers, real.at(server));
      } else {
        const started = performance.now();
        await kube.create(virtualMachines, bareMachine(pattern, bare));
        seconds.bare = await untilGuestAnswers(real, bare, started);
        await kube.delete(virtualMachines, real.at(bare));
      }
      await goneAgain(real, which === "server" ? server : bare);
    }
    const pair = { server: seconds.server ?? Number.NaN, bare: seconds.bare ?? Number.NaN };
    print(`run ${run + 1}: Server ${pair.server.toFixed(1)} s, VirtualMachine ${pair.bare.toFixed(1)} s`);
    found.push(pair);
  }
  return found;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
const { stateDir } = await upNode(clusterLocation(process.env, "node"), print);
const real = await openRealGuests(stateDir);
try {
  const flavor = await real.flavor("small");
  await real.image("tiny");
  await real.activeImage("tiny");
  const spec = { flavorRef: { name: flavor }, imageRef: { name: "tiny" } };
  const measured = await pairs(real, spec, Number(values.runs));

  const count = Number(values["at-once"]);
  print(`${count} Servers at once`);
  const [from, started] = [new Date().toISOString(), performance.now()];
  const upAfter: number[] = [];
  await real.bed.kube.mergePatch(projects, { name: real.team }, { spec: { quota: { servers: count } } });
  const [activeAfter] = await Promise.all([
    untilAllActive(real, count, started),
    inParallel(count, count, async (at) => {
      upAfter.push(await aServer(real, `many-${at}`, spec));
    }),
  ]);
  await delay(SETTLE_MS);
  const until = await writesSince(real, from);
  const memory = await memoryOf(real);
  print(`the last guest answered after ${((performance.now() - started) / 1000).toFixed(0)} s`);

  const restMinutes = Number(values["rest-minutes"]);
  print(`at rest for ${restMinutes} minutes`);
  const restFrom = new Date().toISOString();
  await delay(restMinutes * 60_000);
  const rest = { minutes: restMinutes, writes: await writesSince(real, restFrom) };

  const text = serversReport(machine(), measured, { activeAfter, upAfter, writes: until, memory }, rest);
  print(text);
  writeFileSync(join(checkout, "docs", "bench-servers.md"), text);
} finally {
  await real.close();
}
process.exit(process.exitCode ?? 0);
