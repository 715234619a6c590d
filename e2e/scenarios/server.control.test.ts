import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import {
  coreSecrets,
  dataVolumes,
  pods,
  services,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { flavors, images, secrets, servers } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant, virtHandler } from "./guest-bed.ts";

let bed: GuestBed;
let team: Tenant;
let small: string;
let large: string;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
  small = await bed.flavor("small");
  large = await bed.flavor("large", { cpus: 2, traits: { forbidden: ["CUSTOM_OLD"] } });
  await team.activeImage("debian");
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string, tenant = team) => ({ namespace: tenant.name, name });
const spec = (more: object = {}) => ({ flavorRef: { name: small }, imageRef: { name: "debian" }, ...more });
const machine = (name: string) => bed.kube.get(virtualMachines, at(name));
const instance = (name: string) => bed.kube.get(virtualMachineInstances, at(name));
const untilState = (name: string, state: string): Promise<Server> =>
  eventually(`Server ${name} to be ${state}`, async () => {
    const server = await bed.kube.get(servers, at(name));
    const { status, metadata } = server ?? {};
    return status?.state === state && status.observedGeneration === metadata?.generation ? server : undefined;
  });
const untilWaits = (name: string, message: RegExp, tenant = team): Promise<Server> =>
  untilCondition(bed.kube, servers, at(name, tenant), { type: "Ready", status: "False", message });

describe("server", () => {
  test("create-minimal: KubeVirt takes it on to a launcher, and it is ACTIVE with its address and its lasting name", async () => {
    const server = await team.runningServer("minimal", spec());
    expect(server.status).toMatchObject({
      state: "ACTIVE",
      powerState: "Running",
      node: "played",
      addresses: [{ network: "default", address: "10.0.0.9" }],
      hostname: `minimal.${team.name}.svc.cluster.local`,
      flavor: small,
      image: { namespace: team.name, name: "debian" },
      rootDisk: { generation: 1, volume: "minimal-root-1", size: "1Gi", ready: true },
    });
    expect((await bed.kube.get(services, at("minimal")))?.spec).toMatchObject({ clusterIP: "None" });
  });

  test("create-full: user data is merged, files come from Barbican and only by names and versions where a person looks", async () => {
    const generated = { type: "passphrase", source: { generate: { length: 32 } } };
    const secret = { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: at("db-password"), spec: generated };
    await bed.kube.apply(secrets, secret, { fieldOwner: "test" });
    const userdata = Buffer.from("#cloud-config\npackages: [nginx]\n").toString("base64");
    await bed.kube.create(coreSecrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: at("web-user-data"),
      data: { userdata },
    });
    const server = await team.runningServer(
      "full",
      spec({
        rootDisk: { size: "2048Mi" },
        userData: { secretKeyRef: { name: "web-user-data", key: "userdata" } },
        files: [{ path: "/etc/app/db-password", mode: "0440", secretRef: { name: "db-password" } }],
        sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me"],
        metadata: { role: "web" },
        resize: { confirm: "Manual" },
      }),
    );
    expect(server.status?.rootDisk?.size).toBe("2Gi");
    expect(server.status?.conditions?.find(({ type }) => type === "FilesCurrent")).toMatchObject({ status: "True" });
    const files = await bed.kube.get(coreSecrets, at("nephele-files-full"));
    const text = (key: string): string => Buffer.from(files?.data?.[key] ?? "", "base64").toString();
    expect(text("manifest")).toBe("file-1 0440 /etc/app/db-password\n");
    expect(text("file-1")).toMatch(/^[A-Za-z0-9]{32}$/);
    const seen = JSON.stringify([server, await machine("full"), await instance("full")]);
    expect(seen).not.toContain(text("file-1"));
    const merged = await bed.kube.get(coreSecrets, at("nephele-user-data-full"));
    expect(Buffer.from(merged?.data?.["userdata"] ?? "", "base64").toString()).toContain("text/cloud-boothook");
  });

  test("update: what a guest is given no more does not stay about", async () => {
    await bed.kube.create(coreSecrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: at("once"),
      data: { userdata: Buffer.from("#cloud-config\npackages: [nginx]\n").toString("base64") },
    });
    await team.runningServer("bare", spec({ userData: { secretKeyRef: { name: "once", key: "userdata" } } }));
    expect(await bed.kube.get(coreSecrets, at("nephele-user-data-bare"))).toBeDefined();
    await team.patchServer("bare", { userData: null });
    await eventually("the machine to name it no more", async () => {
      const volumes = (await machine("bare"))?.spec?.template?.spec?.volumes;
      return !JSON.stringify(volumes).includes("nephele-user-data-bare");
    });
    await untilReady(bed.kube, servers, at("bare"));
    // The guest was started with it, and could not move without.
    expect(await bed.kube.get(coreSecrets, at("nephele-user-data-bare"))).toBeDefined();
    await team.patchServer("bare", { power: "Stopped" });
    await untilGone(bed.kube, virtualMachineInstances, at("bare"));
    await untilGone(bed.kube, coreSecrets, at("nephele-user-data-bare"));
  });

  test("update: an address that KubeVirt forgets is its launcher's", async () => {
    await team.runningServer("forgotten", spec());
    const [launcher] = await bed.kube.list(pods, {
      namespace: team.name,
      labelSelector: `kubevirt.io/created-by=${(await instance("forgotten"))?.metadata.uid}`,
    });
    const podIP = "10.0.0.10";
    const status = { podIP, podIPs: [{ ip: podIP }] };
    await bed.kube.mergePatch(pods, at(launcher?.metadata.name ?? ""), { status }, "status");
    // As virt-handler leaves it where it takes a domain that is about to start for one that has ended.
    const interfaces = [{ name: "default", mac: "02:00:00:00:00:01" }];
    const handler = await virtHandler(bed);
    await handler.mergePatch(virtualMachineInstances, at("forgotten"), { status: { interfaces } });
    await eventually("the launcher's address to be the Server's", async () => {
      return (await bed.kube.get(servers, at("forgotten")))?.status?.addresses?.[0]?.address === podIP;
    });
    await untilReady(bed.kube, servers, at("forgotten"));
  });

  test("update: stopped is Ready, and it starts again", async () => {
    await team.runningServer("power", spec());
    await team.patchServer("power", { power: "Stopped" });
    expect((await untilReady(bed.kube, servers, at("power"))).status).toMatchObject({
      state: "SHUTOFF",
      powerState: "Shutdown",
    });
    await team.patchServer("power", { power: "Running" });
    await team.boot("power");
    await untilState("power", "ACTIVE");
  });

  test("update: a Manual resize waits in VERIFY_RESIZE, is reverted by the old Flavor and confirmed by the new one's name", async () => {
    await team.runningServer("resized", spec({ resize: { confirm: "Manual" } }));
    let before = (await instance("resized"))?.metadata.uid;
    await team.patchServer("resized", { flavorRef: { name: large } });
    await team.boot("resized", before);
    expect((await untilState("resized", "VERIFY_RESIZE")).status).toMatchObject({
      flavor: small,
      resize: { from: small, to: large },
    });
    before = (await instance("resized"))?.metadata.uid;
    await team.patchServer("resized", { flavorRef: { name: small } });
    await team.boot("resized", before);
    expect((await untilState("resized", "ACTIVE")).status?.resize).toBeUndefined();
    before = (await instance("resized"))?.metadata.uid;
    await team.patchServer("resized", { flavorRef: { name: large }, resize: { confirm: "Manual", confirmed: large } });
    await team.boot("resized", before);
    expect((await untilState("resized", "ACTIVE")).status).toMatchObject({ flavor: large });
    expect(JSON.stringify((await machine("resized"))?.spec?.template?.spec?.affinity)).toContain("CUSTOM_OLD");
  });

  test("update: each new requestedAt reboots once, soft or hard", async () => {
    await team.runningServer("rebooted", spec());
    for (const [type, requestedAt] of [
      ["Soft", "2026-11-23T10:00:00Z"],
      ["Hard", "2026-11-23T10:00:01Z"],
    ] as const) {
      const before = (await instance("rebooted"))?.metadata.uid;
      await team.patchServer("rebooted", { reboot: { requestedAt, type } });
      const after = await team.boot("rebooted", before);
      const server = await eventually("the reboot to be done", async () => {
        const found = await untilState("rebooted", "ACTIVE");
        return found.status?.reboot?.doneAt === undefined || found.status.reboot.requestedAt !== requestedAt
          ? undefined
          : found;
      });
      expect(server.status?.reboot).toMatchObject({ requestedAt, type, instance: before });
      expect((await instance("rebooted"))?.metadata.uid).toBe(after.metadata.uid);
    }
  });

  test("update: another Image rebuilds, and name, address and hardware stay", async () => {
    await team.activeImage("fedora");
    await team.runningServer("rebuilt", spec());
    const guest = async () => (await machine("rebuilt"))?.spec?.template?.spec?.domain;
    const before = await guest();
    const running = (await instance("rebuilt"))?.metadata.uid;
    await team.patchServer("rebuilt", { imageRef: { name: "fedora" }, rebuildPolicy: "Replace" });
    await untilState("rebuilt", "REBUILD");
    await team.copied("rebuilt-root-2");
    await team.boot("rebuilt", running);
    expect((await untilState("rebuilt", "ACTIVE")).status).toMatchObject({
      image: { name: "fedora" },
      rootDisk: { generation: 2 },
    });
    expect([(await guest())?.firmware?.uuid, (await guest())?.devices.interfaces]).toEqual([
      before?.firmware?.uuid,
      before?.devices.interfaces,
    ]);
    await untilGone(bed.kube, dataVolumes, at("rebuilt-root-1"));
  });

  test("update: a machine that somebody edits is corrected, with an event", async () => {
    await team.runningServer("edited", spec());
    await bed.kube.mergePatch(virtualMachines, at("edited"), { spec: { template: { spec: { hostname: "other" } } } });
    await eventually(
      "the host name to be corrected",
      async () => (await machine("edited"))?.spec?.template?.spec?.hostname === "edited",
    );
    await eventually("the event", async () => (await team.events("Server", "edited")).includes("Corrected"));
  });

  test("dependency missing: Flavor, Image and core Secret are waited for by kind and name", async () => {
    await team.server("waits", spec({ flavorRef: { name: "t-nowhere" } }));
    await untilWaits("waits", /Waiting for Flavor t-nowhere$/);
    await team.patchServer("waits", {
      flavorRef: { name: small },
      imageRef: { name: "later" },
      rebuildPolicy: "Replace",
    });
    await untilWaits("waits", new RegExp(`Waiting for Image ${team.name}/later$`));
    await team.image("later");
    await untilWaits("waits", new RegExp(`Waiting for Image ${team.name}/later to become active \\(`));
    await team.patchServer("waits", { imageRef: { name: "debian" }, userData: { secretKeyRef: { name: "absent" } } });
    await untilWaits("waits", new RegExp(`Waiting for core Secret ${team.name}/absent$`));
  });

  test("dependency deleted: a Flavor in use stays, an Image waits for the copy and then goes, and the guest runs on", async () => {
    const flavor = await bed.flavor("used");
    await team.activeImage("short-lived");
    await team.server("uses", spec({ flavorRef: { name: flavor }, imageRef: { name: "short-lived" } }));
    await eventually("the machine", () => machine("uses"));
    await bed.kube.delete(flavors, { name: flavor });
    await bed.kube.delete(images, at("short-lived"));
    await untilCondition(bed.kube, images, at("short-lived"), {
      type: "Ready",
      status: "False",
      message: /Server .*\/uses to be built from it/,
    });
    await team.copied("uses-root-1");
    await team.boot("uses");
    await untilState("uses", "ACTIVE");
    await untilGone(bed.kube, images, at("short-lived"));
    expect(await bed.kube.get(flavors, { name: flavor })).toBeDefined();
    await bed.kube.delete(servers, at("uses"));
    await untilGone(bed.kube, flavors, { name: flavor });
  });

  test("external deletion: machine and Service are made again, with an event", async () => {
    await team.runningServer("deleted-outside", spec());
    const before = (await machine("deleted-outside"))?.metadata.uid;
    await bed.kube.delete(services, at("deleted-outside"));
    await eventually("the Service", () => bed.kube.get(services, at("deleted-outside")));
    await bed.kube.delete(virtualMachines, at("deleted-outside"));
    await eventually("another machine", async () => {
      const found = await machine("deleted-outside");
      return found !== undefined && found.metadata.uid !== before && found.metadata.deletionTimestamp === undefined;
    });
    await eventually("the event", async () => (await team.events("Server", "deleted-outside")).includes("Recreated"));
  });

  test("delete: everything that was made for it goes with it", async () => {
    await team.runningServer("goes", spec());
    await bed.kube.delete(servers, at("goes"));
    await untilGone(bed.kube, servers, at("goes"));
    await untilGone(bed.kube, virtualMachines, at("goes"));
    await untilGone(bed.kube, dataVolumes, at("goes-root-1"));
    await untilGone(bed.kube, services, at("goes"));
  });

  test("retain: the root disk stays, with nobody to take it along", async () => {
    await team.runningServer("kept", spec({ rootDisk: { onServerDelete: "Retain" } }));
    await bed.kube.delete(servers, at("kept"));
    await untilGone(bed.kube, servers, at("kept"));
    await untilGone(bed.kube, virtualMachines, at("kept"));
    const disk = await bed.kube.get(dataVolumes, at("kept-root-1"));
    expect(disk?.metadata).toMatchObject({ labels: { "nephele.dev/retained-from": "kept" } });
    expect(disk?.metadata.deletionTimestamp).toBeUndefined();
    expect(disk?.metadata.ownerReferences ?? []).toEqual([]);
  });

  test("paused: nothing is done while the annotation is there", async () => {
    await team.runningServer("paused", spec());
    await bed.kube.mergePatch(servers, at("paused"), { metadata: { annotations: { "nephele.dev/paused": "true" } } });
    await untilCondition(bed.kube, servers, at("paused"), { type: "Reconciling", status: "False", reason: "Paused" });
    await team.patchServer("paused", { power: "Stopped" });
    await untilCondition(bed.kube, servers, at("paused"), { type: "Reconciling", status: "False", reason: "Paused" });
    expect((await machine("paused"))?.spec?.runStrategy).toBe("Always");
    await bed.kube.mergePatch(servers, at("paused"), { metadata: { annotations: { "nephele.dev/paused": null } } });
    await untilState("paused", "SHUTOFF");
  });

  test("disabled: a disabled Project's Servers stop, also one that its owner has paused, say why, and start again", async () => {
    const off = await bed.tenant();
    await off.activeImage("debian");
    await off.runningServer("stops", spec());
    await off.runningServer("paused", spec());
    const pause = (value: string | null) =>
      bed.kube.mergePatch(servers, at("paused", off), { metadata: { annotations: { "nephele.dev/paused": value } } });
    await pause("true");
    await untilCondition(bed.kube, servers, at("paused", off), {
      type: "Reconciling",
      status: "False",
      reason: "Paused",
    });
    await bed.project(off.name, { enabled: false });
    await untilCondition(bed.kube, servers, at("stops", off), {
      type: "Ready",
      status: "False",
      reason: "ProjectDisabled",
    });
    await eventually(
      "no guest",
      async () => (await bed.kube.list(virtualMachineInstances, { namespace: off.name })).length === 0,
    );
    await pause(null);
    await bed.project(off.name, { enabled: true });
    await off.boot("stops");
    await untilReady(bed.kube, servers, at("stops", off));
  });
});
