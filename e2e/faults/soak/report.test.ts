import { describe, expect, test } from "vitest";
import { type Goal, type Happened, met, reportText } from "./report.ts";

const happened = (goal: Goal, more: Partial<Happened> = {}): Happened => ({
  what: "each pod of Barbican goes",
  goal,
  seconds: 61.4,
  counts: { read: 70, write: 20, login: 10 },
  errors: {},
  p50: 41.2,
  p99: 180.6,
  longestPause: 950,
  lost: 0,
  ...more,
});
const failing = { errors: { "Barbican answered 503, not 200": 3 } };
const pause = { pauseAtMostMs: 10_000 };

describe("an event under load", () => {
  test.each<[Goal, Partial<Happened>, boolean]>([
    ["no error", {}, true],
    ["no error", failing, false],
    ["errors", failing, true],
    ["errors", {}, false],
    [pause, { ...failing, longestPause: 9_000 }, true],
    [pause, { longestPause: 10_001 }, false],
    // What was acknowledged must be there, whatever else is allowed.
    ["no error", { lost: 1 }, false],
    ["errors", { ...failing, lost: 1 }, false],
    [pause, { lost: 1 }, false],
  ])("with the goal %j and %j is met: %s", (goal, more, expected) => {
    expect(met(happened(goal, more))).toBe(expected);
  });

  test("is a row, and its errors are listed", () => {
    const text = reportText({ perSecond: 12, capacity: 31.3, machine: { loadAverage: 1, cores: 2 } }, [
      happened("no error", failing),
    ]);
    expect(text).toContain(
      "| each pod of Barbican goes | 61 s | 100 | 3 | 0 | 41 | 181 | 0.9 s | no error – **missed** |",
    );
    expect(text).toContain("| each pod of Barbican goes | 3 | Barbican answered 503, not 200 |");
    expect(text).toContain("12.0 operations a second; 31.3 were answered");
  });
});
