import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { upNode } from "#e2e/node/up.ts";
import { openRealGuests, type RealGuests } from "#e2e/scenarios/real-guests.ts";
import { coreSecrets } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { differences, everything, leftovers } from "./leftovers.ts";
import { type Ending, live, type Needs } from "./life.ts";
import { killOperator, leaderAtWork } from "./operator-kills.ts";
import { type Killed, type KilledLife, reportText } from "./report.ts";

/** Fewer kills are for a look, and not for the record. */
const WHOLE = 30;
const WHOLE_AIMED = 10;
/**
 * Kills the operator at random moments of Servers' lives on the node, and writes docs/reports/server-kills.md. With `--in`
 * the lives are shorter, and the kills fall where a Server is in one of the named phases.
 */
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: String(WHOLE) },
    "at-once": { type: "string", default: "3" },
    in: { type: "string" },
  },
});
/** Phases in which kills are to fall; empty: wherever they do. */
const aimed = values.in?.split(",") ?? [];
const MINUTES = 60_000;
/** An operator is at work for up to this long before it is killed. */
const AT_WORK_MS = 12_000;
/** Likewise where kills are aimed: a deletion is over in seconds. */
const AIMED_AT_WORK_MS = 3_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

const untilDeleted = (real: RealGuests, name: string): Promise<unknown> =>
  untilGone(real.bed.kube, servers, real.at(name), 10 * MINUTES);

/** Waits until all that was of Servers that are gone is gone too, and says what is not. */
async function orphans(real: RealGuests, before: readonly string[]): Promise<readonly string[]> {
  let left: readonly string[] = [];
  const clear = async (): Promise<boolean> => {
    left = leftovers(before, await everything(real));
    return left.length === 0;
  };
  // What is still there when the time is over is an orphan.
  await eventually("all of it to be gone", clear, { withinMs: 2 * MINUTES }).catch(() => undefined);
  return left;
}

async function withKills(
  real: RealGuests,
  needs: Needs,
  reference: Readonly<Record<string, Ending>>,
  before: readonly string[],
): Promise<Omit<Killed, "plantedSeen">> {
  const wanted = Number(values.kills);
  const lives: (KilledLife & { readonly killedIn: string[] })[] = [];
  const under = new Map<string, string>();
  let kills = 0;
  const lane = async (): Promise<void> => {
    while (kills < wanted) {
      const name = `web-${lives.length + 1}`;
      const life = { name, killedIn: [] as string[], differences: [] as readonly string[] };
      lives.push(life);
      const endings = await live(real, name, needs, (phase) => under.set(name, phase), aimed);
      await untilDeleted(real, name);
      under.delete(name);
      life.differences = differences(endings, reference);
      print(`${name} lived: ${life.differences.length === 0 ? "the same" : life.differences.join("; ")}`);
    }
  };
  const killer = async (): Promise<void> => {
    let last = new Date();
    while (kills < wanted) {
      const leader = await leaderAtWork(real, last);
      await delay(randomInt(aimed.length === 0 ? AT_WORK_MS : AIMED_AT_WORK_MS));
      if (aimed.length > 0)
        await eventually(
          `a Server in ${aimed.join(" or ")}`,
          async () => [...under.values()].some((phase) => aimed.includes(phase)),
          { withinMs: 20 * MINUTES },
        );
      await killOperator(real, leader);
      last = new Date();
      kills += 1;
      for (const life of lives) {
        const phase = under.get(life.name);
        if (phase !== undefined) life.killedIn.push(phase);
      }
      print(
        `kill ${kills}: ${leader.metadata.name}, in ${[...under].map(([server, phase]) => `${server} ${phase}`).join(", ")}`,
      );
    }
  };
  await Promise.all([killer(), ...Array.from({ length: Number(values["at-once"]) }, lane)]);
  return { kills, lives, leftovers: await orphans(real, before) };
}

/** The control: something of a Server's that nobody owns is seen. */
async function plantedIsSeen(real: RealGuests, before: readonly string[]): Promise<boolean> {
  const key = real.at("nephele-files-planted");
  await real.bed.kube.create(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: key });
  const seen = leftovers(before, await everything(real)).length === 1;
  await real.bed.kube.delete(coreSecrets, key);
  return seen;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
const { stateDir } = await upNode(clusterLocation(process.env, "node"), print);
const real = await openRealGuests(stateDir);
try {
  const [small, large] = [await real.flavor("small"), await real.flavor("large", { memory: "224Mi" })];
  const needs = { small, large, first: "first", second: "second", secret: "password" };
  for (const name of [needs.first, needs.second]) await real.image(name);
  await real.secret(needs.secret, { type: "passphrase", source: { generate: { length: 32 } } });
  for (const name of [needs.first, needs.second]) await real.activeImage(name);
  const before = await everything(real);
  const plantedSeen = await plantedIsSeen(real, before);
  print("a life that nobody disturbs");
  const reference = await live(real, "web-0", needs, (phase) => print(`  ${phase}`), aimed);
  await untilDeleted(real, "web-0");
  const left = await orphans(real, before);
  if (left.length > 0) throw new Error(`without any kill there was left over: ${left.join(", ")}`);
  const killed = { ...(await withKills(real, needs, reference, before)), plantedSeen };
  const text = reportText(killed, aimed);
  print(text);
  const report = ["server-kills", ...aimed].join("-").replaceAll(" ", "-");
  if (killed.kills >= (aimed.length === 0 ? WHOLE : WHOLE_AIMED))
    writeFileSync(join(checkout, "docs", "reports", `${report}.md`), text);
  const bad = killed.lives.some((life) => life.differences.length > 0) || killed.leftovers.length > 0 || !plantedSeen;
  if (bad) process.exitCode = 1;
} finally {
  await real.close();
}
process.exit(process.exitCode ?? 0);
