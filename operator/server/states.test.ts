import { describe, expect, test } from "vitest";
import { aMachine, anInstance, aVolume, CREATED } from "./fixtures.ts";
import { foldBuild, novaState } from "./states.ts";
import { anInstanceSaying, at, condition, type Row, seen } from "./testing/state-row.ts";

const running = { interfaces: [{ ipAddress: "10.244.0.12", name: "default" }] };

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
      instance: anInstanceSaying("Running", "Paused", "True", "PausedIOError", "no space"),
    },
    is: { state: "ERROR", fault: { code: 500, message: "disk I/O error: no space; look at the volume's storage" } },
  },
  {
    name: "paused by the migration monitor is MIGRATING",
    seen: {
      instance: anInstanceSaying("Running", "Paused", "True", "PausedByMigrationMonitor"),
    },
    is: { state: "MIGRATING", taskState: "migrating" },
  },
  {
    name: "Stopping because it is wanted so is ACTIVE, powering-off",
    seen: { machine: aMachine("Halted"), instance: anInstance("Running", running), launched: true },
    is: { state: "ACTIVE", taskState: "powering-off" },
  },
  {
    name: "Stopping in the first start of all is BUILD, powering-off: the guest never had power",
    seen: { machine: aMachine("Halted"), instance: anInstance("Scheduling") },
    is: { state: "BUILD", taskState: "powering-off", powerState: "NoState" },
  },
  {
    name: "Stopping in its first boot is ACTIVE, powering-off",
    seen: { machine: aMachine("Halted"), instance: anInstance("Running", running) },
    is: { state: "ACTIVE", taskState: "powering-off", powerState: "Running" },
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
