import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
import { nodeName } from "#e2e/node/location.ts";
import { upNode } from "#e2e/node/up.ts";
import { countWrites } from "#e2e/proofs/writes.ts";
import { openRealGuests, type RealGuests } from "#e2e/scenarios/real-guests.ts";
import { persistentVolumeClaims, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { projects, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { auditOf } from "../audit.ts";
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
    runs: { type: "string", default: "7" },
    "at-once": { type: "string", default: "20" },
    "rest-minutes": { type: "string", default: "12" },
  },
});
const DEADLINE_MS = 30 * 60_000;
/** Writes that follow the guest's first answer: the status that names its address, and counts that are made every 30 s. */
const SETTLE_MS = 45_000;
/** How often many are looked at: once for all of them, so that the looking is not what is measured. */
const LOOK_MS = 1000;
const secondsSince = (started: number): number => (performance.now() - started) / 1000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

async function addressOf(real: RealGuests, name: string): Promise<string | undefined> {
  return (await real.bed.kube.get(virtualMachineInstances, real.at(name)))?.status?.interfaces?.[0]?.ipAddress;
}

/** Seconds until a guest answers; its instance may not be there yet. */
async function untilGuestAnswers(
  real: RealGuests,
  name: string,
  started: number,
  address: () => Promise<string | undefined> = () => addressOf(real, name),
): Promise<number> {
  const found = await eventually(`an address of ${name}`, async () => (await address()) || undefined, {
    withinMs: DEADLINE_MS,
  });
  const guest = await openGuest(real.node, found);
  try {
    await guest.read("/etc/hostname", DEADLINE_MS);
  } finally {
    guest.close();
  }
  return secondsSince(started);
}

/** With its disk: what is cleared away of one is not to slow the next one down. */
async function goneAgain(real: RealGuests, name: string): Promise<void> {
  const { kube } = real.bed;
  await eventually(
    `${name} to be gone`,
    async () => {
      const kinds = [servers, virtualMachines, virtualMachineInstances] as readonly Resource[];
      const left = await Promise.all(kinds.map((kind) => kube.get(kind, real.at(name))));
      const claims = await kube.list(persistentVolumeClaims, { namespace: real.team });
      const itsOwn = claims.filter(({ metadata }) => metadata.name.startsWith(`${name}-root-`));
      return left.every((found) => found === undefined) && itsOwn.length === 0;
    },
    { withinMs: DEADLINE_MS },
  );
}

/** Seconds from applying a Server until its VirtualMachine is there, and until its guest answers. */
async function aServer(
  real: RealGuests,
  name: string,
  spec: object,
): Promise<{ readonly made: number; readonly up: number }> {
  const started = performance.now();
  await real.apply(name, spec);
  await eventually(`VirtualMachine ${name}`, () => real.bed.kube.get(virtualMachines, real.at(name)), {
    withinMs: DEADLINE_MS,
  });
  const made = secondsSince(started);
  return { made, up: await untilGuestAnswers(real, name, started) };
}

/** Seconds until each of so many Servers, applied at once, was ACTIVE, and until its guest answered. */
async function atOnce(real: RealGuests, spec: object, count: number): Promise<Pick<Many, "activeAfter" | "upAfter">> {
  const { kube } = real.bed;
  const names = Array.from({ length: count }, (_, at) => `many-${at}`);
  const [active, addresses] = [new Map<string, number>(), new Map<string, string>()];
  const started = performance.now();
  const look = async (): Promise<boolean> => {
    await delay(LOOK_MS);
    // Of the Servers: KubeVirt itself forgets some (operator/server/steps/address.ts).
    for (const { metadata, status } of await kube.list(servers, { namespace: real.team })) {
      if (status?.state === "ACTIVE" && !active.has(metadata.name)) active.set(metadata.name, secondsSince(started));
      const address = status?.addresses?.[0]?.address ?? "";
      if (address !== "") addresses.set(metadata.name, address);
    }
    return names.every((name) => active.has(name) && addresses.has(name));
  };
  const seen = (): unknown => ({ active: [...active.keys()], addresses: [...addresses.keys()] });
  const [, upAfter] = await Promise.all([
    eventually("all of them to be ACTIVE", look, { withinMs: DEADLINE_MS, seen }),
    Promise.all(
      names.map(async (name) => {
        await real.apply(name, spec);
        return await untilGuestAnswers(real, name, started, async () => addresses.get(name));
      }),
    ),
  ]);
  return { activeAfter: [...active.values()], upAfter };
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
  const found: Omit<Pair, "writes">[] = [];
  const from = new Date().toISOString();
  for (let run = 0; run < runs; run += 1) {
    const [server, bare] = [`server-${run}`, `bare-${run}`];
    const seconds: { server?: number; made?: number; bare?: number } = {};
    for (const which of run % 2 === 0 ? (["server", "bare"] as const) : (["bare", "server"] as const)) {
      if (which === "server") {
        ({ up: seconds.server, made: seconds.made } = await aServer(real, server, spec));
        await kube.delete(servers, real.at(server));
      } else {
        const started = performance.now();
        await kube.create(virtualMachines, bareMachine(pattern, bare));
        seconds.bare = await untilGuestAnswers(real, bare, started);
        await kube.delete(virtualMachines, real.at(bare));
      }
      await goneAgain(real, which === "server" ? server : bare);
    }
    const { server: up = Number.NaN, made = Number.NaN, bare: alone = Number.NaN } = seconds;
    const pair = { server: up, made, bare: alone };
    print(`run ${run + 1}: Server ${pair.server.toFixed(1)} s, VirtualMachine ${pair.bare.toFixed(1)} s`);
    found.push(pair);
  }
  const { byObject } = await writesSince(real, from);
  const writesTo = (name: string): number =>
    Object.entries(byObject)
      .filter(([object]) => object.endsWith(`/${name}`))
      .reduce((sum, [, writes]) => sum + writes, 0);
  return found.map((pair, run) => ({ ...pair, writes: writesTo(`server-${run}`) }));
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
// Before anything of ours runs: how busy the machine is with other things.
const where = machine();
const { stateDir } = await upNode(clusterLocation(process.env, "node"), print);
const real = await openRealGuests(stateDir);
try {
  const flavor = await real.flavor("small");
  await real.image("tiny");
  await real.activeImage("tiny");
  const spec = { flavorRef: { name: flavor }, imageRef: { name: "tiny" } };
  const measured = await pairs(real, spec, Number(values.runs));

  const count = Number(values["at-once"]);
  await real.bed.kube.mergePatch(projects, { name: real.team }, { spec: { quota: { servers: count } } });
  await untilReady(real.bed.kube, projects, { name: real.team });
  print(`${count} Servers at once`);
  const from = new Date().toISOString();
  const many = await atOnce(real, spec, count);
  print(`the last guest answered after ${Math.max(...many.upAfter).toFixed(0)} s`);
  await delay(SETTLE_MS);
  const until = await writesSince(real, from);
  const memory = await memoryOf(real);

  const restMinutes = Number(values["rest-minutes"]);
  print(`at rest for ${restMinutes} minutes`);
  const restFrom = new Date().toISOString();
  await delay(restMinutes * 60_000);
  const rest = { minutes: restMinutes, writes: await writesSince(real, restFrom) };

  const text = serversReport(where, measured, { ...many, writes: until, memory }, rest);
  print(text);
  writeFileSync(join(checkout, "docs", "bench-servers.md"), text);
} catch (error) {
  // Said now: clearing away may fail after it, and hide it.
  print(error instanceof Error ? error.message : String(error));
  throw error;
} finally {
  await real.close();
}
process.exit(process.exitCode ?? 0);
