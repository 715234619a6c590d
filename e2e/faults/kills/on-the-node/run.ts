import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkout } from "#e2e/cluster/location.ts";
import { neverKilledAfter, type SubjectResult, survivedText } from "../report.ts";
import { updateReport } from "../report-file.ts";
import { Run } from "../run.ts";
import { openNodeKillBed } from "./bed.ts";
import { nodeSubjects } from "./subjects.ts";

/**
 * Kills the operator after each of its writes through the life of a Cloud whose pods run, and writes its rows of
 * docs/reports/kills.md. `--only` takes a part of a subject's name; with `--once` there is one kill after each kind of write in a
 * phase, for a machine that is busy: the report has which.
 */
const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, once: { type: "boolean", default: false } },
});
const RELEASES = ["2025.1", "2026.1", "2026.2"];
const MINUTES = 60_000;
/** Alarms: new keys wait three minutes until every replica has read those before, and so does what is stored by them. */
const LIMITS = { withinMs: 20 * MINUTES, patienceMs: 4 * MINUTES };
const started = performance.now();
const print = (line: string): void =>
  void process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(1));
const logFile = join(checkout, ".cache", "reports", "kills-operator.log");
const bed = await openNodeKillBed(RELEASES, logFile, print);
const results: SubjectResult[] = [];
try {
  for (const subject of nodeSubjects.filter(({ name }) => name.includes(values.only))) {
    const run = new Run(bed, subject, LIMITS);
    await run.undisturbed();
    for (const [phase, { writes }] of run.phases)
      print(
        `${subject.name}: ${phase}: ${Object.entries(writes)
          .map(([service, { length }]) => `${service} ${length}`)
          .join(", ")}`,
      );
    const survived = await run.killedAfterEach(!values.once, ({ point, write }) =>
      print(`killed: ${point.phase}, ${point.service} ${point.write}: ${write}`),
    );
    const result = { name: subject.name, phases: run.phases, survived };
    results.push(result);
    for (const each of survived.filter(({ problem }) => problem !== undefined))
      print(`${subject.name}: ${survivedText(each)}`);
    for (const missing of neverKilledAfter(result)) print(`${subject.name}: nobody was killed after ${missing}`);
    if (result.survived.some(({ problem }) => problem !== undefined) || neverKilledAfter(result).length > 0)
      process.exitCode = 1;
  }
} finally {
  await bed.close();
}
updateReport(results);
process.exit(process.exitCode ?? 0);
