import { coreSecrets, dataVolumes, persistentVolumeClaims, virtualMachineInstances } from "#operator/api/foreign.ts";
import { flavors, secrets, servers } from "#operator/api/resources.ts";
import { TENANT } from "../bed.ts";
import { PREFIX } from "../life-bed.ts";
import type { Subject } from "../subject.ts";
import { isServerGone, rootDisk, useOnce } from "./server-parts.ts";
import { isGone, isReady } from "./settled.ts";

const [SMALL, LARGE] = [`${PREFIX}small`, `${PREFIX}large`];
const IMAGE = `${PREFIX}debian`;
/** What a Server is rebuilt from. */
const OTHER_IMAGE = `${PREFIX}fedora`;
/** The Secret that all Servers get a file from. */
const FILE = `${PREFIX}file`;
const USER_DATA = `${PREFIX}user-data`;
const OWNER = { fieldOwner: "test", force: true } as const;
const at = (name: string) => ({ namespace: TENANT, name });

/** With all that a Server makes: a root disk, user data merged with a person's own, a file out of Barbican, its name. */
export const server: Subject = {
  name: "Server",
  open: async (bed) => {
    for (const [name, cpus] of [
      [SMALL, 1],
      [LARGE, 2],
    ] as const) {
      const spec = { cpus, memory: "64Mi", disk: "1Gi" };
      await bed.kube.apply(
        flavors,
        { apiVersion: "nephele.dev/v1alpha1", kind: "Flavor", metadata: { name }, spec },
        OWNER,
      );
    }
    for (const image of [IMAGE, OTHER_IMAGE]) await bed.tenant.activeImage(image);
    const secret = { type: "passphrase", source: { generate: { length: 32 } } };
    await bed.kube.apply(
      secrets,
      { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: at(FILE), spec: secret },
      OWNER,
    );
    const data = { userdata: Buffer.from("#cloud-config\npackages: [nginx]\n").toString("base64") };
    await bed.kube.apply(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: at(USER_DATA), data }, OWNER);
    for (const flavor of [SMALL, LARGE]) await useOnce(bed, { flavor, image: IMAGE, secret: FILE });
  },
  phases: [
    {
      name: "create",
      writesTo: ["kubernetes", "barbican"],
      act: async (bed, life) => {
        await bed.tenant.runningServer(life, {
          flavorRef: { name: SMALL },
          imageRef: { name: IMAGE },
          userData: { secretKeyRef: { name: USER_DATA, key: "userdata" } },
          files: [{ path: "/etc/app/password", mode: "0400", secretRef: { name: FILE } }],
          metadata: { role: "web" },
        });
      },
      settled: (bed, life) => isReady(bed, servers, at(life)),
    },
    {
      // The guest is shut down and started again with the other size.
      name: "resize",
      writesTo: ["kubernetes"],
      act: async (bed, life) => {
        const before = (await bed.kube.get(virtualMachineInstances, at(life)))?.metadata.uid;
        await bed.tenant.patchServer(life, { flavorRef: { name: LARGE } });
        await bed.tenant.boot(life, before);
      },
      settled: async (bed, life) =>
        (await isReady(bed, servers, at(life))) && (await bed.kube.get(servers, at(life)))?.status?.flavor === LARGE,
    },
    {
      // Another root disk is made, the guest is started on it, and the old disk goes.
      name: "rebuild",
      writesTo: ["kubernetes"],
      act: async (bed, life) => {
        const before = (await bed.kube.get(virtualMachineInstances, at(life)))?.metadata.uid;
        await bed.tenant.patchServer(life, { imageRef: { name: OTHER_IMAGE }, rebuildPolicy: "Replace" });
        await bed.tenant.copied(rootDisk(life, 2));
        await bed.tenant.boot(life, before);
      },
      settled: async (bed, life) => {
        const { image, rootDisk: disk } = (await bed.kube.get(servers, at(life)))?.status ?? {};
        const rebuilt = image?.name === OTHER_IMAGE && disk?.generation === 2;
        return (
          rebuilt && (await isReady(bed, servers, at(life))) && (await isGone(bed, dataVolumes, at(rootDisk(life))))
        );
      },
    },
    {
      name: "delete",
      writesTo: ["kubernetes", "barbican"],
      act: async (bed, life) => void (await bed.kube.delete(servers, at(life))),
      settled: async (bed, life) => {
        const disks = await Promise.all(
          [1, 2].flatMap((generation) => [
            isGone(bed, dataVolumes, at(rootDisk(life, generation))),
            isGone(bed, persistentVolumeClaims, at(rootDisk(life, generation))),
          ]),
        );
        return disks.every(Boolean) && (await isServerGone(bed, life));
      },
    },
  ],
};
