import { describe, expect, test } from "vitest";
import type { VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { serverConditions } from "./conditions.ts";
import { aMachine, anInstance, aServer, aVolume, CREATED } from "./fixtures.ts";
import { FILES_ANNOTATION } from "./names.ts";
import type { ServerScope } from "./scope.ts";
import { scope, up } from "./testing/scope-of-pass.ts";

describe("a guest that runs outside of its boundaries", () => {
  test("is told so: it is within them at its next start", () => {
    const seen = { machine: aMachine("Always"), volume: aVolume("Succeeded"), instance: up };
    expect(serverConditions(scope({ ...seen, more: { outside: ["cage"] } }))).toContainEqual({
      type: "RestartRequired",
      status: "True",
      reason: "OutsideBoundaries",
      message:
        "The guest runs on node node-1, which is not within cage: reboot the Server to have it started within its boundaries",
    });
    expect(serverConditions(scope(seen)).some(({ type }) => type === "RestartRequired")).toBe(false);
  });
});

describe("FilesCurrent", () => {
  const condition = (
    instance: VirtualMachineInstance | undefined,
    more: Partial<ServerScope> = { filesRevision: "new" },
  ) => serverConditions(scope({ machine: aMachine("Always"), more: { filesLooked: true, ...more, instance } }))[0];
  const started = (revision: string) => anInstance("Running", {}, { annotations: { [FILES_ANNOTATION]: revision } });

  test.each([
    ["is so where the guest was started with them", started("new"), "True"],
    ["is not where they have changed since", started("old"), "False"],
    ["is so where no guest runs: it gets them at its start", undefined, "True"],
  ])("%s", (_, instance, status) => {
    expect(condition(instance)).toMatchObject({ type: "FilesCurrent", status });
  });

  test("says the same from before the start until the guest is up", () => {
    const starting = anInstance("Scheduled", {}, { annotations: { [FILES_ANNOTATION]: "new" } });
    expect(condition(starting)).toEqual(condition(undefined));
    expect(condition(started("new"))).toMatchObject({ reason: "Current" });
  });
  test("is not where files cannot be had as they are to be, whatever the guest has", () => {
    const more = { filesRevision: "old", filesAwaited: true };
    expect(condition(started("old"), more)).toMatchObject({ status: "False", reason: "Awaited" });
  });
  test("is not where the Server has none any more and the guest still has", () => {
    expect(condition(started("old"), {})).toMatchObject({ status: "False", reason: "NextStart" });
    expect(condition(anInstance("Running"), {})).toBeUndefined();
  });
  test("stays what was said in a pass that did not come to the files, and is no more while the Server is deleted", () => {
    const said = { type: "FilesCurrent", status: "True", reason: "Current", message: "as they are" } as const;
    const conditions = [{ ...said, observedGeneration: 1, lastTransitionTime: CREATED }];
    const of = (metadata: Partial<Server["metadata"]>, filesLooked: boolean) => {
      const server = aServer({}, { conditions }, metadata);
      const more = { filesLooked, instance: started("old") };
      return serverConditions(scope({ server, machine: aMachine("Always"), more }));
    };
    expect(of({}, false)).toMatchObject([said]);
    expect(of({}, true)).toMatchObject([{ reason: "NextStart" }]);
    expect(of({ deletionTimestamp: CREATED }, true)).toEqual([]);
  });
});

describe("LiveMigratable", () => {
  const told = (status: string, reason?: string, message?: string) => [
    { type: "LiveMigratable", status, reason, message },
  ];
  const condition = (instance: VirtualMachineInstance | undefined) =>
    serverConditions(scope({ machine: aMachine("Always"), more: { instance } }));
  const guest = (conditions: object[], spec: object = { evictionStrategy: "LiveMigrateIfPossible" }) =>
    ({ ...up, spec, status: { ...up.status, conditions } }) as VirtualMachineInstance;

  test("says that a drain moves the guest, where KubeVirt says that it can move", () => {
    expect(condition(guest(told("True")))).toEqual([
      expect.objectContaining({ type: "LiveMigratable", status: "True", reason: "Migratable" }),
    ]);
  });
  test("says that a drain stops it and why, where it cannot", () => {
    const [said] = condition(guest(told("False", "DisksNotLiveMigratable", "cannot migrate VMI: no shared disk")));
    expect(said).toMatchObject({ status: "False", reason: "DisksNotLiveMigratable" });
    expect(said?.message).toMatch(/shuts the guest down.*: cannot migrate VMI: no shared disk$/);
  });
  test("is nothing to say where no guest runs, or KubeVirt does not know yet", () => {
    expect(condition(undefined)).toEqual([]);
    expect(condition(guest([]))).toEqual([]);
    expect(condition(guest(told("True"), {}))).toEqual([]);
    expect(condition(anInstance("Scheduled", { conditions: told("True") } as object))).toEqual([]);
  });
});
