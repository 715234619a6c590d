import { expect, test } from "vitest";
import type { Measured } from "./measure.ts";
import { meshReport } from "./report.ts";

const noCpu = { service: 0, "its sidecar": 0, "caller's sidecar": 0 };

const run = (bare: readonly number[], mesh: readonly number[], perSecond: number): Measured => ({
  milliseconds: { bare, mesh },
  perSecond: { bare: 100, mesh: perSecond },
  cpuMs: {
    bare: { ...noCpu, service: 2000 },
    mesh: { service: 2100, "its sidecar": 80, "caller's sidecar": 120 },
  },
});

test("the page says what the mesh adds, run by run, and whether that meets its goals", () => {
  const page = meshReport({
    machine: "a machine",
    questions: [
      {
        name: "quick",
        runs: [run([1, 2], [1.25, 3.5], 96), run([3, 4], [3.25, 4.5], 98), run([5, 9], [5.25, 9.5], 90)],
      },
      { name: "slow", runs: [run([4], [5.5], 90)] },
    ],
    resident: { ofService: 50 * 1024 ** 2, ofCaller: 40 * 1024 ** 2 },
    alone: 2,
    together: 10,
    atOnce: 4,
  });
  for (const row of [
    "| one after another, bare, p50 | 3.00 ms | 4.00 ms |  |",
    "| the same, p99 | 4.00 ms | 4.00 ms |  |",
    "| added by the mesh, p50 | 0.25 ms – met | 1.50 ms – missed | at most 0.3 ms |",
    "| added by the mesh, p99 | 0.50 ms – met | 1.50 ms – missed | at most 1 ms |",
    "| through the mesh | 96.0 % – met | 90.0 % – missed | at least 95 % |",
    "| the service, through the mesh | 2100 ms | 2100 ms |  |",
    "| its sidecar | 80 ms | 80 ms |  |",
  ]) {
    expect(page).toContain(row);
  }
  expect(page).toContain("sidecar 50 MiB, its caller's 40 MiB");
});
