import { expect, test } from "vitest";
import type { VirtualMachine } from "#operator/api/foreign.ts";
import { aFlavor, anImage, aServer } from "./fixtures.ts";
import { type MachinePlan, machineFor } from "./machine.ts";
import { flavorKept } from "./machine-flavor.ts";
import { diskFrom, diskSize } from "./root-disk.ts";

const server = aServer({ zone: "z-1" });
const plan: MachinePlan = {
  server,
  installationId: "local",
  flavor: aFlavor("large", { disk: "4Gi", traits: { required: ["A"], forbidden: ["B", "C"] } }),
  disk: diskFrom(server, anImage(), 1, "5Gi"),
  boundaries: ["cage-2"],
  powered: true,
  userData: "secret",
  filesRevision: undefined,
};
const machine = (flavor: MachinePlan["flavor"]) => machineFor({ ...plan, flavor }) as unknown as VirtualMachine;

test("a machine keeps of its Flavor what it needs to stay as it is when the Flavor is gone", () => {
  for (const flavor of [plan.flavor, aFlavor()]) {
    const kept = flavorKept(machine(flavor));
    if (kept === undefined) throw new Error("nothing was kept");
    expect(machine(kept)).toEqual(machine(flavor));
    expect(diskSize(server, kept, "5Gi", "the disk that is there")).toEqual({ kind: "size", size: "5Gi" });
  }
});

test("no machine, or one that says nothing of it, keeps none", () => {
  expect(flavorKept(undefined)).toBeUndefined();
  const { spec, ...rest } = machine(plan.flavor);
  expect(flavorKept({ ...rest, spec: { ...spec, template: {} } } as VirtualMachine)).toBeUndefined();
});
