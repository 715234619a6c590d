import { describe, expect, test } from "vitest";
import type { Resource } from "#runtime/api/resource.ts";
import { aMachine, anInstance, aVolume, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { lookAtLauncher } from "./launcher.ts";

const later = (seconds: number): Date => new Date(Date.parse(CREATED) + seconds * 1_000);
const warning = (reason: string, message: string, times: object) => ({
  metadata: { creationTimestamp: CREATED },
  reason,
  message,
  ...times,
});
/** The pod has its node since ten seconds after its instance was made. */
const PLACED = later(10).toISOString();
const told = [
  warning("FailedScheduling", "of before", { eventTime: later(5).toISOString() }),
  warning("FailedMount", "first", { lastTimestamp: later(20).toISOString() }),
  warning("FailedMount", "last", {
    eventTime: later(10).toISOString(),
    series: { lastObservedTime: later(40).toISOString() },
  }),
  warning("FailedMount", "between", { eventTime: later(30).toISOString(), lastTimestamp: null }),
];

interface Seen {
  readonly phase?: string;
  readonly seconds?: number;
  readonly status?: object;
  readonly metadata?: object;
  readonly machine?: ReturnType<typeof aMachine>;
  readonly volume?: string;
  readonly events?: readonly object[];
}

/** What is said of a guest in a phase, so long after its instance was made, and what was asked for. */
async function look(seen: Seen = {}) {
  const { phase = "Scheduling", seconds = 60, status = {}, metadata = {}, machine = aMachine("Always") } = seen;
  const asked: unknown[] = [];
  const list = async ({ plural }: Resource, options: object) => {
    asked.push({ plural, ...options });
    if (plural === "events") return seen.events ?? told;
    const conditions = [{ type: "PodScheduled", status: "True", lastTransitionTime: PLACED }];
    return ["its", "a-tenants-own"].map((uid) => ({ metadata: { uid, namespace: "team-a" }, status: { conditions } }));
  };
  const instance = anInstance(
    phase,
    { activePods: { its: "node-1" }, ...status },
    { uid: "uid-instance", ...metadata },
  );
  const scope = {
    context: { kube: { list }, now: later(seconds), cache: { get: () => aVolume(seen.volume ?? "Succeeded") } },
    key: { namespace: "team-a", name: "web-1" },
    disk: { volume: "web-1-root-1" },
    machine,
    instance,
  } as unknown as ServerScope;
  await lookAtLauncher(scope, new AbortController().signal);
  return { notStarted: scope.notStarted, lookAgainMs: scope.lookAgainMs, asked };
}

describe("a guest that does not start", () => {
  test("is told what was last said of its pod since a node has it, and of no other", async () => {
    expect(await look()).toEqual({
      notStarted: "FailedMount: last",
      lookAgainMs: 10_000,
      asked: [
        { plural: "pods", namespace: "team-a", labelSelector: "kubevirt.io/created-by=uid-instance" },
        { plural: "events", namespace: "team-a", fieldSelector: "involvedObject.uid=its,type=Warning" },
      ],
    });
    expect((await look({ events: told.slice(0, 1) })).notStarted).toBeUndefined();
  });

  test("is looked at again where nothing can be said yet", async () => {
    const nothing = { notStarted: undefined, lookAgainMs: 10_000 };
    expect(await look({ status: { activePods: {} } })).toMatchObject(nothing);
    // A node has it for less than half a minute.
    const placedLately = await look({ seconds: 39 });
    expect(placedLately).toMatchObject(nothing);
    expect(placedLately.asked).toHaveLength(1);
  });

  test("is left alone for its first half minute", async () => {
    expect(await look({ seconds: 20 })).toEqual({ notStarted: undefined, lookAgainMs: 10_000, asked: [] });
  });

  const unplaced = {
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "full" }],
  };
  test.each<[string, Seen]>([
    ["it runs", { phase: "Running" }],
    ["it has ended", { phase: "Failed" }],
    ["its node is lost", { phase: "Unknown" }],
    ["no node has it", { status: unplaced }],
    ["it is being stopped", { metadata: { deletionTimestamp: CREATED } }],
    ["it is not to run", { machine: aMachine("Halted") }],
    ["its disk is being made", { volume: "CloneInProgress" }],
  ])("nobody is asked where %s", async (_why, seen) => {
    expect(await look(seen)).toEqual({ notStarted: undefined, lookAgainMs: undefined, asked: [] });
  });
});
