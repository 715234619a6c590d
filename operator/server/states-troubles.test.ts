import { expect, test } from "vitest";
import type { VirtualMachine } from "#operator/api/foreign.ts";
import { aFlavor, aMachine, anInstance, aServer, aVolume } from "./fixtures.ts";
import { affinityOf } from "./placement.ts";
import { novaState } from "./states.ts";
import { anInstanceSaying, at, condition, type Row, seen } from "./testing/state-row.ts";

/** KubeVirt says since when; its published types do not know that. */
const since = (time: Date, said: ReturnType<typeof condition>): typeof said =>
  ({ ...said, lastTransitionTime: time.toISOString() }) as typeof said;

/** A machine that is kept within boundaries. */
function within(...boundaries: readonly string[]): VirtualMachine {
  const affinity = affinityOf(aServer({ zone: "z-1" }), aFlavor(), boundaries) ?? {};
  return {
    ...aMachine("Always"),
    spec: { runStrategy: "Always", template: { spec: { domain: { devices: {} }, affinity } } },
  };
}

const TABLE: readonly Row[] = [
  {
    name: "ErrorUnschedulable is BUILD, scheduling, and looked at again at the deadline",
    seen: {
      instance: anInstanceSaying("Scheduling", "PodScheduled", "False", "Unschedulable", "0/1 nodes"),
    },
    is: { state: "BUILD", taskState: "scheduling", againAfterMs: 240_000 },
  },
  {
    name: "ErrorUnschedulable within boundaries names them",
    seen: {
      machine: within("cage-2", "here"),
      instance: anInstanceSaying("Scheduling", "PodScheduled", "False", "Unschedulable", "0/1 nodes"),
      now: at(300),
    },
    is: {
      state: "ERROR",
      taskState: "scheduling",
      fault: { code: 500, message: "No valid host was found: 0/1 nodes (it may run only within cage-2, here)" },
    },
  },
  {
    name: "ErrorUnschedulable is ERROR, No valid host, after the deadline",
    seen: {
      instance: anInstanceSaying("Scheduling", "PodScheduled", "False", "Unschedulable", "0/1 nodes"),
      now: at(300),
    },
    is: {
      state: "ERROR",
      taskState: "scheduling",
      fault: { code: 500, message: "No valid host was found: 0/1 nodes" },
    },
  },
  {
    name: "ErrorPvcNotFound is ERROR 404",
    seen: {
      instance: anInstanceSaying("Pending", "Synchronized", "False", "FailedPvcNotFound", "PVC x not found"),
    },
    is: { state: "ERROR", fault: { code: 404, message: "a disk is missing: PVC x not found" } },
  },
  {
    name: "DataVolumeError is ERROR with CDI's reason",
    seen: {
      volume: aVolume("ImportInProgress", { conditions: [condition("Running", "False", "Error", "no space left")] }),
    },
    is: { state: "ERROR", fault: { code: 500, message: "the root disk could not be made: no space left" } },
  },
  {
    name: "a claim that the namespace's quota refuses is ERROR with the quota's words",
    seen: {
      volume: aVolume("Pending", {
        conditions: [condition("Bound", "False", "ErrExceededQuota", "exceeded quota: q")],
      }),
    },
    is: { state: "ERROR", fault: { code: 500, message: "the root disk could not be made: exceeded quota: q" } },
  },
  {
    name: "a claim that is only not bound yet is BUILD, block_device_mapping",
    seen: { volume: aVolume("Pending", { conditions: [condition("Bound", "False", "Pending", "PVC x Pending")] }) },
    is: { state: "BUILD", taskState: "block_device_mapping" },
  },
  { name: "a DataVolume that failed is ERROR", seen: { volume: aVolume("Failed") }, is: { state: "ERROR" } },
  {
    name: "ErrImagePull is ERROR",
    seen: {
      instance: anInstanceSaying("Scheduling", "Synchronized", "False", "ErrImagePull", "not found"),
    },
    is: { state: "ERROR", fault: { code: 500, message: "the node cannot pull the launcher's image: not found" } },
  },
  {
    name: "ImagePullBackOff is ERROR",
    seen: {
      instance: anInstanceSaying("Scheduling", "Synchronized", "False", "ImagePullBackOff"),
    },
    is: { state: "ERROR" },
  },
  {
    name: "a launcher that is refused is ERROR with the words of who refuses it",
    seen: {
      instance: anInstanceSaying(
        "Pending",
        "Synchronized",
        "False",
        "FailedCreate",
        "pods is forbidden: exceeded quota",
      ),
    },
    is: {
      state: "ERROR",
      fault: { code: 500, message: "the guest's pod cannot be made: pods is forbidden: exceeded quota" },
    },
  },
  {
    name: "a launcher that is refused a moment after its instance was made is spawning, and looked at again",
    seen: {
      instance: anInstanceSaying("Pending", "Synchronized", "False", "FailedCreate", "no"),
      now: at(10),
    },
    is: { state: "BUILD", taskState: "spawning", againAfterMs: 20_000 },
  },
  {
    name: "CrashLoopBackOff is ERROR, Crashed",
    seen: { machine: aMachine("Always", { startFailure: { consecutiveFailCount: 3 } }), launched: true },
    is: { state: "ERROR", powerState: "Crashed" },
  },
  {
    name: "an instance that starts once more after crashes is starting",
    seen: {
      machine: aMachine("Always", { startFailure: { consecutiveFailCount: 3 } }),
      instance: anInstance("Scheduling"),
      launched: true,
    },
    is: { state: "ACTIVE", taskState: "powering-on" },
  },
  {
    name: "a Failure of KubeVirt is not told in the first half minute",
    seen: {
      machine: aMachine("Always", { conditions: [condition("Failure", "True", "FailedCreate", "no")] }),
      now: at(10),
    },
    is: { state: "BUILD", taskState: "spawning", againAfterMs: 20_000 },
  },
  {
    name: "a Failure of KubeVirt that stays is ERROR",
    seen: { machine: aMachine("Always", { conditions: [condition("Failure", "True", "FailedCreate", "no")] }) },
    is: { state: "ERROR", fault: { code: 500, message: "KubeVirt cannot start the machine: no" } },
  },
  {
    name: "a Failure that came a moment ago to a machine that ran is not told either",
    seen: {
      machine: aMachine("Always", {
        conditions: [since(at(50), condition("Failure", "True", "FailedCreate", "no"))],
      }),
      launched: true,
    },
    is: { state: "ACTIVE", taskState: "powering-on", againAfterMs: 20_000 },
  },
  {
    name: "Unknown: the node is lost",
    seen: { instance: anInstance("Unknown"), launched: true },
    is: { state: "UNKNOWN", powerState: "NoState" },
  },
];

test.each(TABLE)("$name", ({ seen: what, is }) => {
  expect(novaState(seen(what))).toMatchObject(is);
});
