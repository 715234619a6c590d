import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { WatchedStates } from "#e2e/harness/watched-states.ts";
import { nodeName } from "#e2e/node/location.ts";
import { coreSecrets, dataVolumes, persistentVolumeClaims, virtualMachineInstances } from "#operator/api/foreign.ts";
import { TRAIT_LABEL_PREFIX } from "#operator/api/marks.ts";
import { servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// Resize and rebuild on real parts: what a guest sees of them, and each state on the way.

const MINUTES = 60_000;

let real: RealGuests;
let small: string;
let large: string;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  small = await real.flavor("small");
  large = await real.flavor("large", { memory: "288Mi" });
  await real.image("first");
  await real.image("second");
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

/** What a guest has of memory, in MiB, less what its kernel takes. */
async function memoryOf(name: string): Promise<number> {
  const kibibytes = /(\d+) kB/.exec(await real.fileOf(name, "/etc/memory"))?.[1];
  return Number(kibibytes) / 1024;
}

describe("a Server that is changed, on real KubeVirt", { timeout: 10 * MINUTES }, () => {
  let states: WatchedStates;
  beforeAll(async () => {
    await real.activeImage("first");
    states = real.watch("web-1");
    const spec = {
      flavorRef: { name: small },
      imageRef: { name: "first" },
      resize: { confirm: "Manual" },
      metadata: { role: "web" },
    };
    await real.apply("web-1", spec);
    await states.until("ACTIVE", 5 * MINUTES);
  }, 8 * MINUTES);

  test("a resize starts the guest with the new size on its disk, and waits for a person", async () => {
    expect(await memoryOf("web-1")).toBeLessThan(192);
    await real.patch("web-1", { flavorRef: { name: large } });
    expect(await states.until("VERIFY_RESIZE", 3 * MINUTES)).toEqual([
      "ACTIVE",
      "RESIZE/resize_migrating",
      "VERIFY_RESIZE",
    ]);
    expect(await memoryOf("web-1")).toBeGreaterThan(192);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("2");
    expect((await real.server("web-1")).status).toMatchObject({ flavor: small, resize: { from: small, to: large } });
  });

  test("reverted: the guest has its former size again", async () => {
    await real.patch("web-1", { flavorRef: { name: small } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual([
      "VERIFY_RESIZE",
      "REVERT_RESIZE/resize_reverting",
      "ACTIVE",
    ]);
    expect(await memoryOf("web-1")).toBeLessThan(192);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("3");
    expect((await real.server("web-1")).status?.resize).toBeUndefined();
  });

  test("confirmed: the new size is the Server's own, and the guest goes on", async () => {
    await real.patch("web-1", { flavorRef: { name: large } });
    await states.until("VERIFY_RESIZE", 3 * MINUTES);
    const instance = await real.instance("web-1");
    await real.patch("web-1", { resize: { confirm: "Manual", confirmed: large } });
    expect(await states.until("ACTIVE", MINUTES)).toEqual(["VERIFY_RESIZE", "ACTIVE"]);
    const { status } = await untilReady(real.bed.kube, servers, real.at("web-1"));
    expect(status?.flavor).toBe(large);
    expect(status?.resize).toBeUndefined();
    expect(await real.instance("web-1")).toBe(instance);
  });

  test("a resize that confirms itself is over when the guest is up", async () => {
    await real.patch("web-1", { flavorRef: { name: small }, resize: { confirm: "Automatic", confirmed: null } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["ACTIVE", "RESIZE/resize_migrating", "ACTIVE"]);
    expect((await real.server("web-1")).status?.flavor).toBe(small);
    expect(await memoryOf("web-1")).toBeLessThan(192);
  });

  test("a rebuild makes another root disk; name, hardware address and metadata stay", async () => {
    await real.activeImage("second");
    const before = (await real.server("web-1")).status;
    await real.patch("web-1", { imageRef: { name: "second" }, rebuildPolicy: "Replace" });
    expect(await states.until("ACTIVE", 5 * MINUTES)).toEqual(["ACTIVE", "REBUILD/rebuilding", "ACTIVE"]);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
    expect(await real.fileOf("web-1", "/etc/hostname")).toBe("web-1");
    expect(JSON.parse(await real.fileOf("web-1", "/run/nephele/metadata.json"))).toEqual({ role: "web" });
    const after = (await real.server("web-1")).status;
    expect(after).toMatchObject({ image: { name: "second" }, rootDisk: { generation: 2, ready: true } });
    expect(after?.addresses?.[0]?.mac).toBe(before?.addresses?.[0]?.mac);
    expect(after).toMatchObject({ instanceID: before?.instanceID, hostname: before?.hostname });
    await eventually("the former root disk to be gone", async () => {
      const left = await real.bed.kube.list(dataVolumes, { namespace: real.team });
      return left.every(({ metadata }) => metadata.name !== "web-1-root-1");
    });
  });

  test("a stopped Server is rebuilt and stays stopped; its next start has the new disk", async () => {
    await real.patch("web-1", { power: "Stopped" });
    await states.until("SHUTOFF", 2 * MINUTES);
    await real.patch("web-1", { imageRef: { name: "first" } });
    expect(await states.until("SHUTOFF", 3 * MINUTES)).toEqual(["SHUTOFF", "REBUILD/rebuilding", "SHUTOFF"]);
    await real.patch("web-1", { power: "Running" });
    expect((await states.until("ACTIVE", 3 * MINUTES)).at(-1)).toBe("ACTIVE");
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
    expect((await real.server("web-1")).status?.rootDisk?.generation).toBe(3);
    const told = (await eventsAbout(real.bed.kube, "Server", real.at("web-1"))).map(({ reason }) => reason);
    expect(told).toEqual(expect.arrayContaining(["Restarting", "Resized", "ResizeReverted", "Rebuilding", "Active"]));
  });
});

describe("a Server on real KubeVirt", { timeout: 10 * MINUTES }, () => {
  test("whose guest does not hear that it is to shut down is cut off after hardAfter, and starts again", async () => {
    // For its first boot: later it is to go when it is asked.
    const deaf = '#!/bin/sh\n[ "$(cat /disk/boots)" = 1 ] && kill "$(cat /run/acpid.pid)"\n';
    const key = real.at("deaf");
    await real.bed.kube.create(coreSecrets, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: key,
      stringData: { userdata: deaf },
    });
    const states = real.watch("web-2");
    const userData = { secretKeyRef: { name: "deaf", key: "userdata" } };
    await real.apply("web-2", { flavorRef: { name: small }, imageRef: { name: "first" }, userData });
    await states.until("ACTIVE", 5 * MINUTES);
    expect(await real.fileOf("web-2", "/disk/boots")).toBe("1");
    const before = await real.instance("web-2");
    await real.patch("web-2", { reboot: { requestedAt: timeText(new Date()), type: "Soft", hardAfter: "10s" } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["ACTIVE", "REBOOT/rebooting", "ACTIVE"]);
    expect(await real.instance("web-2")).not.toBe(before);
    expect(await real.fileOf("web-2", "/disk/boots")).toBe("2");
    // It was cut: a guest that shuts down counts that.
    expect(await real.withGuest("web-2", (guest) => guest.status("/disk/shutdowns"))).toBe(404);
    const { reboot } = (await real.server("web-2")).status ?? {};
    const took = Date.parse(reboot?.doneAt ?? "") - Date.parse(reboot?.startedAt ?? "");
    expect(took).toBeGreaterThanOrEqual(10_000);
  });

  test("whose disk is retained leaves it, and another Server boots from an Image of it", async () => {
    await real.patch("web-2", { rootDisk: { onServerDelete: "Retain" } });
    await untilReady(real.bed.kube, servers, real.at("web-2"));
    await real.bed.kube.delete(servers, real.at("web-2"));
    await untilGone(real.bed.kube, servers, real.at("web-2"), 3 * MINUTES);
    const claim = await real.bed.kube.get(persistentVolumeClaims, real.at("web-2-root-1"));
    expect(claim?.metadata.deletionTimestamp).toBeUndefined();
    await real.image("kept", "guest.qcow2", { source: { volume: { name: "web-2-root-1" } } });
    await real.activeImage("kept");
    await real.apply("web-3", { flavorRef: { name: small }, imageRef: { name: "kept" } });
    await real.activeServer("web-3");
    // The third boot of what is on it: two were the former Server's.
    expect(await real.fileOf("web-3", "/disk/boots")).toBe("3");
  });

  test("that no node has room for says so in the scheduler's words", async () => {
    const huge = await real.flavor("huge", { memory: "900Gi" });
    await real.apply("web-4", { flavorRef: { name: huge }, imageRef: { name: "first" } });
    const message = /a node that takes the guest: .*Insufficient memory/;
    const told = { type: "Ready", status: "False", message } as const;
    const { status } = await untilCondition(real.bed.kube, servers, real.at("web-4"), told, 3 * MINUTES);
    expect(status).toMatchObject({ state: "BUILD", taskState: "scheduling" });
  });

  test("whose Flavor wants a trait waits for a node that has it, and is placed there", async () => {
    const trait = unique("accelerator").toUpperCase().replaceAll("-", "_");
    const flavor = await real.flavor("accelerated", { traits: { required: [trait] } });
    await real.apply("web-5", { flavorRef: { name: flavor }, imageRef: { name: "first" } });
    const message = /a node that takes the guest: .*node affinity\/selector/;
    await untilCondition(
      real.bed.kube,
      servers,
      real.at("web-5"),
      { type: "Ready", status: "False", message },
      3 * MINUTES,
    );
    const label = `${TRAIT_LABEL_PREFIX}${trait}`;
    await real.node.run("label", "nodes", nodeName, `${label}=true`);
    try {
      await eventually(
        "the scheduler to place it",
        async () => {
          const { phase = "" } = (await real.bed.kube.get(virtualMachineInstances, real.at("web-5")))?.status ?? {};
          return phase === "Scheduled" || phase === "Running";
        },
        { withinMs: 2 * MINUTES },
      );
    } finally {
      await real.node.run("label", "nodes", nodeName, `${label}-`);
    }
  });
});
