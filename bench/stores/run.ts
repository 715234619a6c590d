import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openClientsBed } from "#e2e/clients/operator-clients.ts";
import { down } from "#e2e/cluster/down.ts";
import { checkout, clusterLocation } from "#e2e/cluster/location.ts";
import { up } from "#e2e/cluster/up.ts";
import { type BarbicanInAPod, barbicanInAPod } from "#e2e/faults/services/barbican-in-a-pod.ts";
import { holdTokens } from "#e2e/faults/services/held-tokens.ts";
import type { Answer, ProjectSecrets } from "#e2e/faults/services/project-secrets.ts";
import { allWell, failed, load, projectWith, putBack, takeAway, whileAsked } from "#e2e/faults/services/stores-bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { machine } from "../machine.ts";
import { type Failure, type Run, storesReport, type Timed } from "./report.ts";

/**
 * A store in a token of SoftHSM2's against one by keys of the cluster, and what becomes of requests while the token does not
 * answer; on the local cluster, which is started for it and taken down.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "7" },
    alone: { type: "string", default: "100" },
    together: { type: "string", default: "200" },
    "at-once": { type: "string", default: "4" },
  },
});
const size = { alone: Number(values.alone), together: Number(values.together), atOnce: Number(values["at-once"]) };
const CLIENTS = 3;
/** How long a fault lasts, in milliseconds. */
const FAULT_MS = 15_000;
const print = (line: string): void => void process.stderr.write(`${line}\n`);

type Ask = (at: number) => Promise<Answer>;

async function timed(ask: Ask): Promise<Timed> {
  const asked: Ask = async (at) => {
    const answer = await ask(at);
    if (failed(answer)) throw new Error(`${answer.status}: ${answer.said}`);
    return answer;
  };
  const milliseconds: number[] = [];
  for (let at = 0; at < size.alone; at += 1) milliseconds.push((await asked(at)).ms);
  const begin = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < size.together) await asked(next++);
  };
  await Promise.all(Array.from({ length: size.atOnce }, one));
  return { milliseconds, perSecond: (size.together / (performance.now() - begin)) * 1000 };
}

async function measure(secrets: ProjectSecrets): Promise<{ readonly store: Timed; readonly read: Timed }> {
  const refs: string[] = [];
  const store = await timed(async () => {
    const { ref, ...answer } = await secrets.store("a payload of some forty letters, as tokens are");
    refs.push(ref);
    return answer;
  });
  return { store, read: await timed((at) => secrets.read(refs[at % refs.length] ?? "")) };
}

interface Fault {
  readonly what: string;
  begin(barbican: BarbicanInAPod): Promise<() => Promise<void>>;
}

const faults: readonly Fault[] = [
  {
    what: "its folder is gone for 15 s",
    begin: async ({ tokens }) => {
      takeAway(tokens);
      return async () => putBack(tokens);
    },
  },
  {
    what: "its library hangs for 15 s",
    begin: async ({ tokens }) => {
      const held = await holdTokens(tokens);
      return () => held.release();
    },
  },
];

async function fail(
  barbican: BarbicanInAPod,
  fault: Fault,
  token: ProjectSecrets,
  software: ProjectSecrets,
): Promise<Failure> {
  const [inToken, besides] = [load(token, CLIENTS), load(software, CLIENTS)];
  await eventually("requests of both", async () => Math.min(inToken.answers.length, besides.answers.length) > 20);
  const begun = performance.now();
  const end = await fault.begin(barbican);
  const untilSaid = await whileAsked(barbican, async () => {
    await eventually("an answer that says so", async () => inToken.answers.some(failed));
    const said = performance.now() - begun;
    await sleep(Math.max(0, FAULT_MS - said));
    return said;
  });
  await end();
  const ended = performance.now();
  const after = inToken.answers.length;
  // The last refusal is older than what comes then: it is looked for as often as answers come.
  let untilWell = 0;
  await eventually("requests to be well", async () => {
    if (!inToken.answers.slice(after).slice(-1).some(failed)) untilWell ||= performance.now() - ended;
    else untilWell = 0;
    return allWell(inToken.answers, after);
  });
  const [all, others] = [await inToken.stop(), await besides.stop()];
  const longest = (answers: readonly Answer[]): number => Math.max(...answers.map(({ ms }) => ms));
  const refused = (answers: readonly Answer[]): number => answers.filter(failed).length;
  const strange = [...all, ...others].find(({ status }) => ![200, 201, 503].includes(status));
  if (strange !== undefined) throw new Error(`${fault.what}: somebody was answered ${strange.status}: ${strange.said}`);
  return {
    ...{ what: fault.what, untilSaid, untilWell },
    ...{ longest: longest(all), longestBeside: longest(others) },
    ...{ refused: refused(all), asked: all.length, refusedBeside: refused(others), askedBeside: others.length },
  };
}

async function report(barbican: BarbicanInAPod): Promise<string> {
  const bed = await openClientsBed("b-stores");
  try {
    const secrets = {
      software: await projectWith(bed, barbican, "software"),
      token: await projectWith(bed, barbican, "hsm"),
    };
    // Connections are opened and caches filled.
    for (const each of Object.values(secrets)) for (let at = 0; at < 20; at += 1) await each.store("warm");
    const runs: Run[] = [];
    for (let at = 0; at < Number(values.runs); at += 1) {
      const order = at % 2 === 0 ? (["software", "token"] as const) : (["token", "software"] as const);
      const found: Partial<Record<"software" | "token", Run["token"]>> = {};
      for (const which of order) found[which] = await measure(secrets[which]);
      const { software, token } = found;
      if (software === undefined || token === undefined) throw new Error("both stores are measured in a run");
      runs.push({ software, token });
      print(`stored a second: ${software.store.perSecond.toFixed(0)} and ${token.store.perSecond.toFixed(0)}`);
    }
    const failures: Failure[] = [];
    for (const fault of faults) failures.push(await fail(barbican, fault, secrets.token, secrets.software));
    return storesReport({ machine: machine(), runs, ...size, failures });
  } finally {
    await bed.close();
  }
}

const location = clusterLocation();
await up(location, print);
try {
  const barbican = await barbicanInAPod({ stores: ["hsm"] });
  try {
    const { ok, text } = await barbican.makeKeys();
    if (!ok) throw new Error(text);
    await barbican.start();
    writeFileSync(join(checkout, "docs", "reports", "pkcs11.md"), await report(barbican));
  } finally {
    await barbican.close();
  }
} finally {
  await down(location);
}
