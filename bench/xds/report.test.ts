import { expect, test } from "vitest";
import type { Run } from "./measure.ts";
import { isWhole, type Part, tables } from "./report.ts";

const run = (cpuMs: number, peak: number, times: readonly number[]): Run => {
  const changes = { cpuMs, untilLastMs: times, bytes: 300 };
  const all = { "one endpoint": changes, "one cluster": changes, "200 endpoints": changes };
  return { syncSeconds: 1, syncCpuSeconds: 1, idle: 1, peak: peak * 1024 ** 2, changes: all };
};

const part = (services: number, ours: number): Part => ({
  streams: 10,
  services,
  machine: "2 cores",
  runs: {
    nephele: [run(ours, 100, [1, 2]), run(ours, 300, [3, 4])],
    SnapshotCache: [run(10, 150, [8, 8])],
    "LinearCache + Mux": [run(20, 100, [4, 4])],
  },
});

test.each([
  [
    "a ratio to the better of the others, and that its goal is met",
    "one endpoint | 4.0 | 10.0 | 20.0 | 0.40 | at most 0.4 – met |",
  ],
  ["that a goal is missed", "highest resident, MiB | 200 | 150 | 100 | 2.00 | at most 1 – missed |"],
  ["quantiles of all runs together", "p50, one cluster | 2 | 8 | 4 | 0.50 | at most 0.6 – met |"],
  ["how the cost grows with the services", "| most / least | 2.00 – missed | 1.00 | 1.00 |"],
])("the tables say %s", (_, line) => {
  expect(tables({ streams: part(200, 4), catalogues: [part(100, 4), part(10_000, 8)] })).toContain(line);
});

test("a part that was not measured of every side is not whole, and has no tables", () => {
  const whole = part(200, 4);
  const oneSided = { ...whole, runs: { ...whole.runs, SnapshotCache: [] } };
  expect([whole, oneSided].map(isWhole)).toEqual([true, false]);
  const catalogues = [part(100, 4), part(10_000, 8)];
  expect(() => tables({ streams: oneSided, catalogues })).toThrow("not measured: SnapshotCache");
  expect(() => tables({ streams: whole, catalogues: [oneSided, ...catalogues] })).toThrow("among 200 services");
});
