import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { clouds } from "#operator/api/resources.ts";
import type { KillBed } from "../bed.ts";
import type { Subject } from "../subject.ts";
import { isGone, isReady } from "./settled.ts";

const at = (name: string) => ({ namespace: systemNamespace, name });

async function apply(bed: KillBed, life: string, spec: object = {}): Promise<void> {
  const wanted = { ...bed.cloudSpec, ...spec };
  const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Cloud", metadata: at(life), spec: wanted };
  await bed.kube.apply(clouds, object, { fieldOwner: "test", force: true });
}

/** A Cloud of services that exist makes nothing in them: all of its writes are its own finalizer and status. */
export const cloud: Subject = {
  name: "Cloud",
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes"],
      act: (bed, life) => apply(bed, life),
      settled: (bed, life) => isReady(bed, clouds, at(life)),
    },
    {
      name: "update",
      writesTo: ["kubernetes"],
      act: (bed, life) => apply(bed, life, { protected: true }),
      settled: (bed, life) => isReady(bed, clouds, at(life)),
    },
    {
      name: "delete",
      writesTo: ["kubernetes"],
      act: async (bed, life) => {
        await bed.kube.mergePatch(clouds, at(life), { spec: { protected: false } });
        await bed.kube.delete(clouds, at(life));
      },
      settled: (bed, life) => isGone(bed, clouds, at(life)),
    },
  ],
};
