import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { dataVolumes, persistentVolumeClaims, virtualMachines } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// Whose deletion takes what along is Kubernetes' own garbage collector's.

let bed: GuestBed;
let team: Tenant;
let flavor: string;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
  flavor = await bed.flavor("small");
  await team.activeImage("debian");
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string) => ({ namespace: team.name, name });
const running = (name: string, onServerDelete: "Delete" | "Retain") =>
  team.runningServer(name, { flavorRef: { name: flavor }, imageRef: { name: "debian" }, rootDisk: { onServerDelete } });
const owners = async (name: string) =>
  (await bed.kube.get(virtualMachines, at(name)))?.metadata.ownerReferences?.map(({ kind }) => kind) ?? [];
const pause = (name: string, value: string | null) =>
  bed.kube.mergePatch(servers, at(name), { metadata: { annotations: { "nephele.dev/paused": value } } });

/** Server and machine are gone, and the disk stays, with nobody to take it along. */
async function expectKept(name: string): Promise<void> {
  await untilGone(bed.kube, servers, at(name));
  await untilGone(bed.kube, virtualMachines, at(name));
  const disk = await bed.kube.get(dataVolumes, at(`${name}-root-1`));
  const marks = { labels: { "nephele.dev/retained-from": name }, annotations: { "nephele.dev/disk-size": "1Gi" } };
  expect(disk?.metadata).toMatchObject(marks);
  expect([disk?.metadata.deletionTimestamp, disk?.metadata.ownerReferences ?? []]).toEqual([undefined, []]);
  const claim = await bed.kube.get(persistentVolumeClaims, at(`${name}-root-1`));
  expect(claim?.metadata.ownerReferences).toMatchObject([{ kind: "DataVolume", uid: disk?.metadata.uid }]);
  expect(claim?.metadata.deletionTimestamp).toBeUndefined();
}

async function expectGone(name: string): Promise<void> {
  await untilGone(bed.kube, servers, at(name));
  await untilGone(bed.kube, virtualMachines, at(name));
  await untilGone(bed.kube, dataVolumes, at(`${name}-root-1`));
  await untilGone(bed.kube, persistentVolumeClaims, at(`${name}-root-1`));
}

describe("the disk of a Server with onServerDelete Retain", () => {
  test.each(["Foreground", "Orphan"] as const)("stays when the Server is deleted by propagation %s", async (how) => {
    const name = `kept-${how.toLowerCase()}`;
    await running(name, "Retain");
    await bed.kube.delete(servers, at(name), { propagation: how });
    await expectKept(name);
  });

  test("the control: with Delete nothing stays of a Server that is deleted in the foreground", async () => {
    await running("not-kept", "Delete");
    await bed.kube.delete(servers, at("not-kept"), { propagation: "Foreground" });
    await expectGone("not-kept");
  });

  test("stays where Retain is said while the Server runs, and the guest runs on", async () => {
    await running("kept-later", "Delete");
    expect(await owners("kept-later")).toEqual(["Server"]);
    await team.patchServer("kept-later", { rootDisk: { onServerDelete: "Retain" } });
    await eventually("no owner", async () => (await owners("kept-later")).length === 0);
    await untilReady(bed.kube, servers, at("kept-later"));
    await bed.kube.delete(servers, at("kept-later"), { propagation: "Foreground" });
    await expectKept("kept-later");
  });

  test("goes where Delete is said while the Server runs", async () => {
    await running("kept-no-more", "Retain");
    expect(await owners("kept-no-more")).toEqual([]);
    await team.patchServer("kept-no-more", { rootDisk: { onServerDelete: "Delete" } });
    await eventually("the owner", async () => (await owners("kept-no-more")).join() === "Server");
    await bed.kube.delete(servers, at("kept-no-more"), { propagation: "Foreground" });
    await expectGone("kept-no-more");
  });

  test("goes, and the machine with it, where Delete was said and no pass came before the deletion", async () => {
    await running("unseen", "Retain");
    await pause("unseen", "true");
    await team.patchServer("unseen", { rootDisk: { onServerDelete: "Delete" } });
    await bed.kube.delete(servers, at("unseen"));
    await pause("unseen", null);
    await expectGone("unseen");
  });
});
