import { eventually } from "#e2e/harness/eventually.ts";
import { dataVolumes, services, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { flavors, projects, secrets, servers } from "#operator/api/resources.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type KillBed, TENANT } from "../bed.ts";
import { isGone } from "./settled.ts";

const at = (name: string) => ({ namespace: TENANT, name });

/** The name of a Server's root disk. */
export const rootDisk = (life: string, generation = 1): string => `${life}-root-${generation}`;

/** A Server, its machine and its guest are gone; of its disks nothing is said. */
export async function isServerGone(bed: KillBed, life: string): Promise<boolean> {
  const gone = await Promise.all([
    isGone(bed, servers, at(life)),
    isGone(bed, virtualMachines, at(life)),
    isGone(bed, virtualMachineInstances, at(life)),
  ]);
  return gone.every(Boolean);
}

/** The first Server puts a finalizer on the Flavor and the Secret that it uses, which stays for all later ones. */
export async function useOnce(
  bed: KillBed,
  { flavor, image, secret }: { readonly flavor: string; readonly image: string; readonly secret?: string },
): Promise<void> {
  const first = bed.nextLife();
  const files = secret === undefined ? [] : [{ path: "/etc/app/password", mode: "0400", secretRef: { name: secret } }];
  await bed.tenant.server(first, { flavorRef: { name: flavor }, imageRef: { name: image }, power: "Stopped", files });
  const disk = () => bed.kube.get(dataVolumes, at(rootDisk(first)));
  const counted = async () => (await bed.kube.get(projects, { name: TENANT }))?.status?.used?.servers;
  const marked = async (resource: Resource, key: ObjectKey): Promise<boolean> =>
    (await bed.kube.get(resource, key))?.metadata.finalizers?.some((name) => name.includes("/server-")) === true;
  await eventually("what the first Server uses to be held", async () => {
    return (await marked(flavors, { name: flavor })) && (secret === undefined || (await marked(secrets, at(secret))));
  });
  // Or a pass that is under way would make what is only then gone again.
  await eventually("all of the first Server to be made", async () => {
    return (await bed.kube.get(services, at(first))) !== undefined && (await disk()) !== undefined;
  });
  await eventually("the Project to have counted it", async () => (await counted()) === 1);
  await bed.kube.delete(servers, at(first));
  await eventually("the first Server to be gone", async () => (await disk()) === undefined);
  await eventually("the Project to have counted it out", async () => (await counted()) === 0);
}
