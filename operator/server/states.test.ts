import { describe, expect, test } from "vitest";
import type { VirtualMachine } from "#operator/api/foreign.ts";
import { aFlavor, aMachine, anInstance, aServer, aVolume, CREATED } from "./fixtures.ts";
import { affinityOf } from "./placement.ts";
import { foldBuild, isUp, type Machine, type NovaState, novaState } from "./states.ts";

const at = (seconds: number): Date => new Date(Date.parse(CREATED) + seconds * 1000);

function seen(machine: Partial<Machine>): Machine {
  return {
    machine: aMachine("Always"),
    instance: undefined,
    volume: aVolume("Succeeded"),
    launched: false,
    lost: false,
    now: at(60),
    ...machine,
  };
}

const running = { interfaces: [{ ipAddress: "10.244.0.12", name: "default" }] };
const condition = (type: string, status: string, reason = "", message = "") => ({ type, status, reason, message });

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

interface Row {
  readonly name: string;
  readonly seen: Partial<Machine>;
  readonly is: Partial<NovaState>;
}

const TABLE: readonly Row[] = [
  {
    name: "no machine yet is BUILD, scheduling",
    seen: { machine: undefined },
    is: { state: "BUILD", taskState: "scheduling" },
  },
  {
    name: "Provisioning: a disk that is being copied is BUILD, block_device_mapping",
    seen: { machine: aMachine("Always", { printableStatus: "Provisioning" }), volume: aVolume("CloneInProgress") },
    is: { state: "BUILD", taskState: "block_device_mapping" },
  },
  {
    name: "no disk yet is BUILD, block_device_mapping, and never SHUTOFF though KubeVirt says Stopped",
    seen: { machine: aMachine("Always", { printableStatus: "Stopped" }), volume: undefined },
    is: { state: "BUILD", taskState: "block_device_mapping" },
  },
  {
    name: "WaitingForVolumeBinding without an instance is BUILD, block_device_mapping",
    seen: {
      machine: aMachine("Always", { printableStatus: "WaitingForVolumeBinding" }),
      volume: aVolume("WaitForFirstConsumer"),
    },
    is: { state: "BUILD", taskState: "block_device_mapping" },
  },
  {
    name: "WaitingForVolumeBinding on a later boot is ACTIVE, powering-on",
    seen: { volume: aVolume("WaitForFirstConsumer"), launched: true },
    is: { state: "ACTIVE", taskState: "powering-on" },
  },
  {
    name: "Stopped for half a second after creation is BUILD, spawning",
    seen: { machine: aMachine("Always", { printableStatus: "Stopped" }) },
    is: { state: "BUILD", taskState: "spawning" },
  },
  {
    name: "Starting at first is BUILD, spawning",
    seen: { instance: anInstance("Scheduling") },
    is: { state: "BUILD", taskState: "spawning" },
  },
  {
    name: "an instance without a phase is Starting too",
    seen: { instance: anInstance("") },
    is: { state: "BUILD", taskState: "spawning" },
  },
  {
    name: "Starting later is ACTIVE, powering-on",
    seen: { instance: anInstance("Scheduled"), launched: true },
    is: { state: "ACTIVE", taskState: "powering-on" },
  },
  {
    name: "Running is ACTIVE",
    seen: { instance: anInstance("Running", running) },
    is: { state: "ACTIVE", powerState: "Running" },
  },
  {
    name: "Running for a moment without an address is still spawning",
    seen: {
      instance: anInstance("Running", {
        phaseTransitionTimestamps: [{ phase: "Running", phaseTransitionTimestamp: at(59).toISOString() }],
      }),
    },
    is: { state: "BUILD", taskState: "spawning", againAfterMs: 2000 },
  },
  {
    name: "Running for long without an address is ACTIVE",
    seen: {
      instance: anInstance("Running", {
        phaseTransitionTimestamps: [{ phase: "Running", phaseTransitionTimestamp: at(50).toISOString() }],
      }),
    },
    is: { state: "ACTIVE" },
  },
  {
    name: "Running on a node that is lost is UNKNOWN: that it runs is old news",
    seen: { instance: anInstance("Running", running), launched: true, lost: true },
    is: { state: "UNKNOWN", powerState: "NoState" },
  },
  {
    name: "a guest that was told to stop on a node that is lost has not been seen to stop",
    seen: {
      machine: aMachine("Halted"),
      instance: anInstance("Running", running, { deletionTimestamp: CREATED }),
      launched: true,
      lost: true,
    },
    is: { state: "UNKNOWN", powerState: "NoState" },
  },
  {
    name: "a machine that is deleted while the node is lost is still UNKNOWN",
    seen: {
      machine: aMachine("Always", {}, { deletionTimestamp: CREATED }),
      instance: anInstance("Running", running),
      lost: true,
    },
    is: { state: "UNKNOWN", taskState: "deleting" },
  },
  {
    name: "paused by a user is PAUSED",
    seen: {
      instance: anInstance("Running", { ...running, conditions: [condition("Paused", "True", "PausedByUser")] }),
    },
    is: { state: "PAUSED", powerState: "Paused" },
  },
  {
    name: "paused by an I/O error is ERROR with a fault",
    seen: {
      instance: anInstance("Running", { conditions: [condition("Paused", "True", "PausedIOError", "no space")] }),
    },
    is: { state: "ERROR", fault: { code: 500, message: "disk I/O error: no space; look at the volume's storage" } },
  },
  {
    name: "paused by the migration monitor is MIGRATING",
    seen: {
      instance: anInstance("Running", { conditions: [condition("Paused", "True", "PausedByMigrationMonitor")] }),
    },
    is: { state: "MIGRATING", taskState: "migrating" },
  },
  {
    name: "Stopping because it is wanted so is ACTIVE, powering-off",
    seen: { machine: aMachine("Halted"), instance: anInstance("Running", running), launched: true },
    is: { state: "ACTIVE", taskState: "powering-off" },
  },
  {
    name: "Stopping because the instance is deleted is ACTIVE, powering-off",
    seen: { instance: anInstance("Running", running, { deletionTimestamp: CREATED }), launched: true },
    is: { state: "ACTIVE", taskState: "powering-off" },
  },
  {
    name: "Stopped is SHUTOFF",
    seen: { machine: aMachine("Halted"), launched: true },
    is: { state: "SHUTOFF", powerState: "Shutdown" },
  },
  {
    name: "an instance that has ended is no instance for Stopped",
    seen: { machine: aMachine("Halted"), instance: anInstance("Succeeded"), launched: true },
    is: { state: "SHUTOFF" },
  },
  {
    name: "made to be stopped: SHUTOFF once its disk is made",
    seen: { machine: aMachine("Halted"), volume: aVolume("Succeeded") },
    is: { state: "SHUTOFF" },
  },
  {
    name: "made to be stopped on storage that waits for a first consumer: SHUTOFF",
    seen: { machine: aMachine("Halted"), volume: aVolume("WaitForFirstConsumer") },
    is: { state: "SHUTOFF" },
  },
  {
    name: "made to be stopped: BUILD while its disk is copied",
    seen: { machine: aMachine("Halted"), volume: aVolume("ImportInProgress") },
    is: { state: "BUILD", taskState: "block_device_mapping" },
  },
  {
    name: "Migrating is MIGRATING",
    seen: { instance: anInstance("Running", { ...running, migrationState: { startTimestamp: CREATED } }) },
    is: { state: "MIGRATING", taskState: "migrating" },
  },
  {
    name: "a migration that has ended is ACTIVE",
    seen: {
      instance: anInstance("Running", {
        ...running,
        migrationState: { startTimestamp: CREATED, endTimestamp: CREATED },
      }),
    },
    is: { state: "ACTIVE" },
  },
  {
    name: "WaitingForReceiver is MIGRATING",
    seen: {
      machine: { ...aMachine("Halted", { printableStatus: "WaitingForReceiver" }) },
      launched: true,
    },
    is: { state: "MIGRATING", taskState: "migrating" },
  },
  {
    name: "Terminating is said by the task",
    seen: { machine: aMachine("Always", {}, { deletionTimestamp: CREATED }), instance: anInstance("Running", running) },
    is: { taskState: "deleting" },
  },
  {
    name: "ErrorUnschedulable is BUILD, scheduling, and looked at again at the deadline",
    seen: {
      instance: anInstance("Scheduling", {
        conditions: [condition("PodScheduled", "False", "Unschedulable", "0/1 nodes")],
      }),
    },
    is: { state: "BUILD", taskState: "scheduling", againAfterMs: 240_000 },
  },
  {
    name: "ErrorUnschedulable within boundaries names them",
    seen: {
      machine: within("cage-2", "here"),
      instance: anInstance("Scheduling", {
        conditions: [condition("PodScheduled", "False", "Unschedulable", "0/1 nodes")],
      }),
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
      instance: anInstance("Scheduling", {
        conditions: [condition("PodScheduled", "False", "Unschedulable", "0/1 nodes")],
      }),
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
      instance: anInstance("Pending", {
        conditions: [condition("Synchronized", "False", "FailedPvcNotFound", "PVC x not found")],
      }),
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
      instance: anInstance("Scheduling", {
        conditions: [condition("Synchronized", "False", "ErrImagePull", "not found")],
      }),
    },
    is: { state: "ERROR", fault: { code: 500, message: "the node cannot pull the launcher's image: not found" } },
  },
  {
    name: "ImagePullBackOff is ERROR",
    seen: {
      instance: anInstance("Scheduling", { conditions: [condition("Synchronized", "False", "ImagePullBackOff")] }),
    },
    is: { state: "ERROR" },
  },
  {
    name: "a launcher that is refused is ERROR with the words of who refuses it",
    seen: {
      instance: anInstance("Pending", {
        conditions: [condition("Synchronized", "False", "FailedCreate", "pods is forbidden: exceeded quota")],
      }),
    },
    is: {
      state: "ERROR",
      fault: { code: 500, message: "the guest's pod cannot be made: pods is forbidden: exceeded quota" },
    },
  },
  {
    name: "a launcher that is refused a moment after its instance was made is spawning, and looked at again",
    seen: {
      instance: anInstance("Pending", { conditions: [condition("Synchronized", "False", "FailedCreate", "no")] }),
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

describe("from KubeVirt to Nova", () => {
  test.each(TABLE)("$name", ({ seen: what, is }) => {
    expect(novaState(seen(what))).toMatchObject(is);
  });

  test("nothing but a stopped machine that is wanted stopped is ever SHUTOFF", () => {
    for (const phase of ["", "Pending", "Scheduling", "Scheduled", "Running", "Succeeded", "Failed", "Unknown"])
      expect(novaState(seen({ instance: anInstance(phase) })).state).not.toBe("SHUTOFF");
  });
});

describe("a young build", () => {
  const mapping = { state: "BUILD", taskState: "block_device_mapping", powerState: "NoState" } as const;
  test("is spawning, whatever it does, and looked at again when it is no longer young", () => {
    expect(foldBuild(mapping, aMachine("Always"), at(10))).toMatchObject({
      taskState: "spawning",
      againAfterMs: 20_000,
    });
  });
  test("is told in detail when it takes long", () => {
    expect(foldBuild(mapping, aMachine("Always"), at(31))).toEqual(mapping);
  });
});

describe("a guest is up", () => {
  const since = [{ phase: "Running", phaseTransitionTimestamp: at(59).toISOString() }];
  test.each([
    ["when it runs and has its address", anInstance("Running", running), true],
    ["not in its first moments without one", anInstance("Running", { phaseTransitionTimestamps: since }), false],
    ["not while it starts", anInstance("Scheduled", running), false],
    ["not when it is being ended", anInstance("Running", running, { deletionTimestamp: CREATED }), false],
    ["not when there is none", undefined, false],
  ])("%s", (_, instance, up) => {
    expect(isUp(instance, at(60))).toBe(up);
  });
});
