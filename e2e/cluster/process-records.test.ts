import { describe, expect, test } from "vitest";
import { parseStartTicks, stopWaves } from "./process-records.ts";

describe("the start time of a process", () => {
  const rest = (state: string, threads = 12): string =>
    `${state} 1 100 100 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 ${threads} 0 987654 1 2`;

  test.each([
    ["is the 22nd field", `100 (etcd) ${rest("S")}`, "987654"],
    ["is found behind a name with spaces and brackets", `100 (a b) c)) ${rest("R")}`, "987654"],
    ["is none for a zombie, which only waits to be buried", `100 (etcd) ${rest("Z", 1)}`, undefined],
    ["is there while threads of a zombie live, which hold its port", `100 (etcd) ${rest("Z")}`, "987654"],
  ])("%s", (_sentence, stat, ticks) => {
    expect(parseStartTicks(stat)).toBe(ticks);
  });
});

describe("processes stop in waves", () => {
  test.each([
    ["none for none", [], []],
    ["at once where nobody needs another", [{ name: "a" }, { name: "b" }], [["a", "b"]]],
    [
      "the API server before etcd, and its clients before it",
      [
        { name: "etcd" },
        { name: "api", dependsOn: ["etcd"] },
        { name: "c1", dependsOn: ["api"] },
        { name: "c2", dependsOn: ["api"] },
      ],
      [["c1", "c2"], ["api"], ["etcd"]],
    ],
    ["without those that are gone already", [{ name: "api", dependsOn: ["etcd"] }], [["api"]]],
    [
      "a circle together, at last",
      [
        { name: "a", dependsOn: ["b"] },
        { name: "b", dependsOn: ["a"] },
        { name: "c", dependsOn: ["a"] },
      ],
      [["c"], ["a", "b"]],
    ],
  ])("%s", (_sentence, records, waves) => {
    expect(stopWaves(records)).toEqual(waves);
  });
});
