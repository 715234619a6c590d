import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KillBed, openKillBed } from "./bed.ts";
import { allPoints, livesOf } from "./lives.ts";
import { neverKilledAfter, type SubjectResult, survivedText } from "./report.ts";
import { updateReport } from "./report-file.ts";
import { Run, type Survived } from "./run.ts";
import { subjects } from "./subjects/subjects.ts";

/** An alarm: a life takes seconds, and the largest subject has some twenty-five of them. */
const SUBJECT_MS = 60 * 60_000;

let bed: KillBed;
const results: SubjectResult[] = [];

beforeAll(async () => {
  bed = await openKillBed();
}, 180_000);
afterAll(async () => {
  await bed?.close();
  updateReport(results);
}, 180_000);

describe("an operator that is killed after any write ends as one that is not", () => {
  test.each(subjects)(
    "$name",
    async (subject) => {
      const run = new Run(bed, subject);
      await subject.open?.(bed);
      await run.undisturbed();
      const points = allPoints(run.counts);
      const survived: Survived[] = [];
      for (const life of livesOf(points)) {
        const killed = await run.killed(life);
        survived.push(...killed);
        for (const each of killed) process.stderr.write(`${subject.name}: ${survivedText(each)}\n`);
        // What comes after a problem would only see what it left.
        if (survived.at(-1)?.problem !== undefined) break;
      }
      const result = { name: subject.name, phases: run.phases, survived };
      results.push(result);
      expect(survived.filter(({ problem }) => problem !== undefined)).toEqual([]);
      expect(survived).toHaveLength(points.length);
      expect(neverKilledAfter(result)).toEqual([]);
    },
    SUBJECT_MS,
  );
});
