import { images } from "#operator/api/resources.ts";
import { type KillBed, TENANT } from "../bed.ts";
import { PREFIX } from "../life-bed.ts";
import type { Subject } from "../subject.ts";
import { isGone, isReady } from "./settled.ts";

/** The Project that Images are shared with. */
const NEIGHBOUR = `${PREFIX}neighbour`;
const at = (name: string) => ({ namespace: TENANT, name });
const patch = async (bed: KillBed, life: string, spec: object): Promise<void> =>
  void (await bed.kube.mergePatch(images, at(life), { spec }));

/** Imported by CDI, whose importer is played. */
export const image: Subject = {
  name: "Image",
  open: (bed) => bed.project(NEIGHBOUR),
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes"],
      act: async (bed, life) => void (await bed.tenant.activeImage(life)),
      settled: (bed, life) => isReady(bed, images, at(life)),
    },
    {
      name: "share",
      writesTo: ["kubernetes"],
      act: (bed, life) => patch(bed, life, { visibility: "Shared", sharedWith: [NEIGHBOUR] }),
      settled: (bed, life) => isReady(bed, images, at(life)),
    },
    {
      name: "share no more",
      writesTo: ["kubernetes"],
      act: (bed, life) => patch(bed, life, { visibility: "Private", sharedWith: null }),
      settled: (bed, life) => isReady(bed, images, at(life)),
    },
    {
      name: "delete",
      writesTo: ["kubernetes"],
      act: async (bed, life) => void (await bed.kube.delete(images, at(life))),
      settled: (bed, life) => isGone(bed, images, at(life)),
    },
  ],
};
