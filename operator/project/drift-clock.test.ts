import { describe, expect, test } from "vitest";
import { DRIFT_PERIOD, DriftClock, driftPeriodMs } from "./drift-clock.ts";
import { aProject } from "./fixtures.ts";

const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

describe("the comparison with what is outside", () => {
  test.each([
    [1, 120],
    [360, 120],
    [6_000, 2_000],
    [10_000, 10_000 / 3],
    [100_000, 3_600],
  ])("of %i Projects comes every %d seconds", (projects, seconds) => {
    expect(driftPeriodMs(projects, DRIFT_PERIOD)).toBe(seconds * 1000);
  });

  test("is due at first, then only after the period", () => {
    const [clock, project] = [new DriftClock(), aProject()];
    expect(clock.remainingMs(project, at(0))).toBe(0);
    clock.compared(project, at(0), 120_000);
    expect(clock.remainingMs(project, at(10))).toBe(110_000);
    expect(clock.remainingMs(project, at(110))).toBe(0);
  });

  test("is due when the spec changes, when somebody asks, and when the Project is another of its name", () => {
    const [clock, project] = [new DriftClock(), aProject()];
    clock.compared(project, at(0), 120_000);
    for (const change of [{ generation: 2 }, { uid: "other" }, { annotations: { "nephele.dev/compare-at": "now" } }]) {
      const changed = { ...project, metadata: { ...project.metadata, ...change } };
      expect(clock.remainingMs(changed, at(1))).toBe(0);
    }
  });
});
