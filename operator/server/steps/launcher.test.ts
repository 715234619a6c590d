import { describe, expect, test } from "vitest";
import type { Resource } from "#runtime/api/resource.ts";
import { aMachine, anInstance, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { lookAtLauncher } from "./launcher.ts";

const later = (seconds: number): Date => new Date(Date.parse(CREATED) + seconds * 1_000);
const warning = (message: string, times: object) => ({
  metadata: { creationTimestamp: CREATED },
  reason: "FailedMount",
  message,
  ...times,
});
const told = [
  warning("first", { lastTimestamp: "2026-11-23T10:00:20Z" }),
  warning("last", { eventTime: "2026-11-23T10:00:10Z", series: { lastObservedTime: "2026-11-23T10:00:40Z" } }),
  warning("between", { eventTime: "2026-11-23T10:00:30Z", lastTimestamp: null }),
];

/** What is said of a guest in a phase, so long after its instance was made, and what was asked for. */
async function look(phase: string, seconds: number, status: object = {}) {
  const asked: unknown[] = [];
  const list = async ({ plural }: Resource, options: object) => {
    asked.push({ plural, ...options });
    return plural === "events" ? told : [{ metadata: { uid: "its" } }, { metadata: { uid: "a-tenants-own" } }];
  };
  const scope = {
    context: { kube: { list }, now: later(seconds) },
    machine: aMachine("Always"),
    instance: anInstance(phase, { activePods: { its: "node-1" }, ...status }, { uid: "uid-instance" }),
  } as unknown as ServerScope;
  await lookAtLauncher(scope, new AbortController().signal);
  return { start: scope.start, asked };
}

describe("a guest that does not start", () => {
  test("is told what was last said of its pod, and of no other", async () => {
    expect(await look("Scheduling", 30)).toEqual({
      start: { problem: "FailedMount: last" },
      asked: [
        { plural: "pods", namespace: "team-a", labelSelector: "kubevirt.io/created-by=uid-instance" },
        { plural: "events", namespace: "team-a", fieldSelector: "involvedObject.uid=its,type=Warning" },
      ],
    });
  });

  test("is looked at again where nothing is said yet", async () => {
    expect((await look("Scheduling", 30, { activePods: {} })).start).toEqual({});
  });

  const unplaced = {
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "full" }],
  };
  test.each([
    ["it has had no time to", "Scheduling", 29, {}],
    ["it runs", "Running", 300, {}],
    ["it has ended", "Failed", 300, {}],
    ["no node has it", "Scheduling", 300, unplaced],
  ])("nobody is asked where %s", async (_why, phase, seconds, status) => {
    expect(await look(phase, seconds, status)).toEqual({ start: undefined, asked: [] });
  });
});
