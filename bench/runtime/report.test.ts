import { expect, test } from "vitest";
import { median, type Results, report } from "./report.ts";

test.each([
  ["the middle of an odd number of values", [9, 1, 5], 5],
  ["the mean of the middle two of an even number", [4, 1, 2, 9], 3],
  ["the value itself where there is one", [7], 7],
])("the median is %s", (_, values, middle) => {
  expect(median(values)).toBe(middle);
});

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
const results: Results = {
  runs: 1,
  objects: 100,
  watched: 1024,
  versions: "Node against Go",
  one: sides,
  ten: sides,
  memory: {
    empty: { runtime: empty(100), "controller-runtime": empty(30), [defaults]: empty(30) },
    restarts: {
      runtime: restart(102, "c"),
      "controller-runtime": restart(34, "d"),
      [defaults]: restart(40, "e"),
    },
  },
  writes: new Map([
    ["a", 200],
    ["b", 250],
  ]),
};

test.each([
  ["speed with its ratio and goal", "| to Ready, 1 worker, objects/s | 120 | 100 | 1.20 | at least 1 – met |"],
  ["memory per object of both kinds, without what is there at rest", "| 1.00 | 2.00 | 0.50 | at most 0.4 – missed |"],
  ["memory against the peer's defaults", "| 1.00 | 5.00 | 0.20 | at most 0.4 – met |"],
  ["writes an object", "| writes an object | 2.00 | 2.50 | 0.80 | at most 1 – met |"],
  ["no ratio to nothing", "| writes after the restart | 0 | 0 | – |  |"],
])("the report says %s", (_, line) => {
  expect(report(results)).toContain(line);
});
