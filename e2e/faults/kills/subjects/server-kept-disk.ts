import { type DataVolume, dataVolumes, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { flavors, servers } from "#operator/api/resources.ts";
import { type KillBed, TENANT } from "../bed.ts";
import { PREFIX } from "../life-bed.ts";
import type { Subject } from "../subject.ts";
import { isServerGone, rootDisk, useOnce } from "./server-parts.ts";
import { isGone, isReady } from "./settled.ts";

const FLAVOR = `${PREFIX}kept`;
const IMAGE = `${PREFIX}kept`;
const at = (name: string) => ({ namespace: TENANT, name });
const disk = (life: string) => at(rootDisk(life));

/** The disk is there and nobody's, so that no garbage collector takes it. */
async function isKept(bed: KillBed, life: string): Promise<boolean> {
  const kept: DataVolume | undefined = await bed.kube.get(dataVolumes, disk(life));
  return kept !== undefined && (kept.metadata.ownerReferences ?? []).length === 0;
}

/** A Server that is deleted and leaves its root disk, which a person deletes in the end. */
export const serverKeptDisk: Subject = {
  name: "Server, its disk kept",
  open: async (bed) => {
    const spec = { cpus: 1, memory: "64Mi", disk: "1Gi" };
    const object = { apiVersion: "nephele.dev/v1alpha1", kind: "Flavor", metadata: { name: FLAVOR }, spec };
    await bed.kube.apply(flavors, object, { fieldOwner: "test", force: true });
    await bed.tenant.activeImage(IMAGE);
    await useOnce(bed, { flavor: FLAVOR, image: IMAGE });
  },
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes"],
      act: async (bed, life) => {
        await bed.tenant.runningServer(life, {
          flavorRef: { name: FLAVOR },
          imageRef: { name: IMAGE },
          rootDisk: { onServerDelete: "Retain" },
        });
      },
      settled: (bed, life) => isReady(bed, servers, at(life)),
    },
    {
      // The machine is held, deleted, let go of by its disk, and only then goes.
      name: "delete, retained",
      writesTo: ["kubernetes"],
      act: async (bed, life) => void (await bed.kube.delete(servers, at(life))),
      settled: async (bed, life) => (await isServerGone(bed, life)) && (await isKept(bed, life)),
    },
    {
      // Nothing of ours holds it; the Project counts it out.
      name: "delete",
      writesTo: ["kubernetes"],
      act: async (bed, life) => void (await bed.kube.delete(dataVolumes, disk(life))),
      settled: async (bed, life) =>
        (await isGone(bed, dataVolumes, disk(life))) && (await isGone(bed, persistentVolumeClaims, disk(life))),
    },
  ],
};
