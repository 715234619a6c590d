import { virtualMachineClusterInstancetypes } from "#operator/api/foreign.ts";
import { flavors } from "#operator/api/resources.ts";
import type { KillBed } from "../bed.ts";
import type { Subject } from "../subject.ts";
import { isGone, isReady } from "./settled.ts";

async function instancetypeOf(bed: KillBed, name: string): Promise<string | undefined> {
  return (await bed.kube.get(flavors, { name }))?.status?.instancetype;
}

/** A Flavor cannot be changed; what can happen to it is that its instance type is deleted from outside. */
export const flavor: Subject = {
  name: "Flavor",
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes"],
      act: async (bed, name) => {
        const spec = { cpus: 1, memory: "64Mi", disk: "1Gi", traits: { forbidden: ["CUSTOM_OLD"] } };
        const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Flavor", metadata: { name }, spec };
        await bed.kube.apply(flavors, object, { fieldOwner: "test" });
      },
      settled: (bed, name) => isReady(bed, flavors, { name }),
    },
    {
      name: "instance type deleted",
      writesTo: ["kubernetes"],
      act: async (bed, life) => {
        const name = (await instancetypeOf(bed, life)) ?? "";
        await bed.kube.delete(virtualMachineClusterInstancetypes, { name });
      },
      settled: async (bed, life) => {
        const name = (await instancetypeOf(bed, life)) ?? "";
        return !(await isGone(bed, virtualMachineClusterInstancetypes, { name }));
      },
    },
    {
      // What was made for it is its own, and goes with it.
      name: "delete",
      writesTo: [],
      act: async (bed, name) => void (await bed.kube.delete(flavors, { name })),
      settled: (bed, name) => isGone(bed, flavors, { name }),
    },
  ],
};
