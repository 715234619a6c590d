import { expect, test } from "vitest";
import { report } from "./report.ts";
import type { Parts } from "./results.ts";

const MiB = 1024 * 1024;
const throughput = (objectsPerSecond: number, cpuMsPerObject: number, userAgent: string) => [
  { objectsPerSecond, cpuMsPerObject, userAgent },
];
const empty = (rss: number) => [{ rss: rss * MiB, collectedRss: rss * MiB }];
const restart = (rss: number, userAgent: string) => [
  { seconds: 2, cpuSeconds: 1, rss: rss * MiB, peakRss: rss * MiB, collectedRss: rss * MiB, userAgent },
];
const defaults = "controller-runtime, defaults";
const sides = {
  runtime: throughput(120, 1, "a"),
  "controller-runtime": throughput(100, 2, "b"),
  [defaults]: [],
};
const part = { machine: "2 cores", runs: 1, objects: 824, writes: { a: 2048, b: 2560 } };
const parts: Parts = {
  one: { ...part, throughput: sides },
  ten: { ...part, throughput: sides },
  memory: {
    ...part,
    objects: 1024,
    empty: { runtime: empty(100), "controller-runtime": empty(30), [defaults]: empty(30) },
    restarts: {
      runtime: restart(102, "c"),
      "controller-runtime": restart(34, "d"),
      [defaults]: restart(40, "e"),
    },
  },
};

test.each([
  ["speed with its ratio and goal", "| objects/s, 1 worker | 120.0 | 100.0 | 1.20 | at least 1 – met |"],
  [
    "memory per object of both kinds, without what is there at rest",
    "watched, KiB | 1.00 | 2.00 | 0.50 | at most 0.4 – missed |",
  ],
  [
    "memory against the peer's defaults",
    "watched, KiB, against its defaults | 1.00 | 5.00 | 0.20 | at most 0.4 – met |",
  ],
  ["writes an object", "| writes an object, 1 worker | 2.00 | 2.50 | 0.80 | at most 1 – met |"],
  ["no ratio to nothing", "| writes after the restart | 0 | 0 | – |  |"],
])("the report says %s", (_, line) => {
  expect(report(parts, "Node against Go")).toContain(line);
});

test("a part that was not measured is said to be missing", () => {
  const { ten: _, ...measured } = parts;
  const page = report(measured, "Node against Go");
  expect(page).toContain("| 10 workers | 0: not measured yet |");
  expect(page).not.toContain("an object, 10 workers");
});
