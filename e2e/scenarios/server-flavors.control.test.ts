import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { virtualMachineClusterInstancetypes, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { flavors, servers } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let bed: GuestBed;
let team: Tenant;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
  await team.activeImage("debian");
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string) => ({ namespace: team.name, name });
const spec = (flavor: string) => ({ flavorRef: { name: flavor }, imageRef: { name: "debian" } });
const instance = async (name: string) => (await bed.kube.get(virtualMachineInstances, at(name)))?.metadata.uid;
const untilState = (name: string, state: string) =>
  eventually(`Server ${name} to be ${state}`, async () => {
    const found = await bed.kube.get(servers, at(name));
    return found?.status?.state === state ? found : undefined;
  });

/** Its Server says so. */
const untilAwaited = (name: string, message: RegExp) =>
  untilCondition(bed.kube, servers, at(name), { type: "Ready", status: "False", message });

describe("a Flavor that its Servers use", { timeout: 120_000 }, () => {
  test("is left by a resize while it is being deleted, and goes when the last one has left", async () => {
    const small = await bed.flavor("small");
    const large = await bed.flavor("large", { cpus: 2 });
    await team.runningServer("leaves", spec(small));
    await bed.kube.delete(flavors, { name: small });
    await untilAwaited("leaves", new RegExp(`Flavor ${small}, which is being deleted`));
    const before = await instance("leaves");
    await team.patchServer("leaves", { flavorRef: { name: large } });
    await team.boot("leaves", before);
    expect((await untilState("leaves", "ACTIVE")).status?.flavor).toBe(large);
    await untilGone(bed.kube, flavors, { name: small });
  });

  test("is taken away by force: the guest stays as it is, is stopped and started, and leaves for another", async () => {
    const small = await bed.flavor("small", { traits: { forbidden: ["CUSTOM_OLD"] } });
    const large = await bed.flavor("large", { cpus: 2 });
    await team.runningServer("keeps", spec(small));
    await bed.kube.delete(flavors, { name: small });
    await bed.kube.mergePatch(flavors, { name: small }, { metadata: { finalizers: null } });
    await untilGone(bed.kube, virtualMachineClusterInstancetypes, { name: `nephele-${small}` });
    await untilAwaited("keeps", new RegExp(`Flavor ${small}$`));
    const template = async () => (await bed.kube.get(virtualMachines, at("keeps")))?.spec?.template;
    const [before, running] = [await template(), await instance("keeps")];

    await team.patchServer("keeps", { power: "Stopped" });
    await untilState("keeps", "SHUTOFF");
    await eventually("its instance to be gone", async () => (await instance("keeps")) === undefined);
    await team.patchServer("keeps", { power: "Running" });
    const started = await team.boot("keeps", running);
    await untilState("keeps", "ACTIVE");
    expect(started.spec?.domain.cpu?.sockets).toBe(1);
    expect(await template()).toEqual(before);

    await team.patchServer("keeps", { flavorRef: { name: large } });
    await team.boot("keeps", started.metadata.uid);
    expect((await untilState("keeps", "ACTIVE")).status?.flavor).toBe(large);
  });

  test.each([
    ["the disk is to stay too small for it", { rootDisk: { size: "2Gi" } }, /2Gi is less than Flavor \S+ needs/],
    ["the storage cannot enlarge the disk", {}, /the storage cannot make the disk larger/],
  ])(
    "is not taken where %s: the guest stays as it is; control: one of the disk's size is taken",
    async (_, disk, why) => {
      const small = await bed.flavor("small", { disk: "2Gi" });
      const large = await bed.flavor("large", { cpus: 2, disk: "3Gi" });
      const name = `stays-${small.slice(-6)}`;
      await team.runningServer(name, { ...spec(small), ...disk });
      const before = await instance(name);
      await team.patchServer(name, { flavorRef: { name: large } });
      await untilAwaited(name, why);
      const machine = await bed.kube.get(virtualMachines, at(name));
      expect(machine?.spec?.template?.metadata?.annotations?.[FLAVOR_ANNOTATION]).toBe(small);
      expect(await instance(name)).toBe(before);
      expect((await bed.kube.get(servers, at(name)))?.status).toMatchObject({ state: "ACTIVE", flavor: small });

      await team.patchServer(name, { flavorRef: { name: await bed.flavor("other", { cpus: 2, disk: "2Gi" }) } });
      await team.boot(name, before);
      await untilState(name, "ACTIVE");
    },
  );
});
