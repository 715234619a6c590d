import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { WatchedStates } from "#e2e/harness/watched-states.ts";
import { openstack, payloadOf } from "#e2e/node/openstack.ts";
import { persistentVolumeClaims, pods } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// The whole of it on real parts: Keystone, Barbican, KubeVirt, CDI, and a guest that answers.

const MINUTES = 60_000;
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me";
const PASSWORD_FILE = "/etc/app/db-password";

let real: RealGuests;
let small: string;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  small = await real.flavor("small");
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

describe("a Server on real KubeVirt", { timeout: 10 * MINUTES }, () => {
  let states: WatchedStates;
  beforeAll(async () => {
    await real.image("tiny");
    await real.secret("db-password", {
      type: "passphrase",
      source: { generate: { length: 32 } },
      syncTo: { name: "db-password", key: "password" },
    });
    states = real.watch("web-1");
  });

  test("its Image is imported by CDI, and it boots: no SHUTOFF on the way to ACTIVE", async () => {
    expect((await real.activeImage("tiny")).status).toMatchObject({
      checksum: await real.disks.checksum("guest.qcow2"),
    });
    const spec = {
      flavorRef: { name: small },
      imageRef: { name: "tiny" },
      files: [{ path: PASSWORD_FILE, mode: "0400", secretRef: { name: "db-password" } }],
      sshKeys: [SSH_KEY],
      metadata: { role: "web" },
    };
    await real.apply("web-1", spec);
    const told = await states.until("ACTIVE", 5 * MINUTES);
    expect(told.filter((word) => !word.startsWith("BUILD/"))).toEqual(["ACTIVE"]);
    expect(told.length).toBeGreaterThan(1);
  });

  test("the guest answers, with its name, its keys, and the secret that Barbican holds", async () => {
    const listed = await openstack(real.node, real.team, "secret", "list", "-f", "value", "-c", "Secret href");
    const held = await payloadOf(real.node, real.team, listed.text.trim());
    // Compared without being shown.
    expect((await real.fileOf("web-1", PASSWORD_FILE)) === held).toBe(true);
    expect(held).toHaveLength(32);
    expect(await real.fileOf("web-1", "/etc/hostname")).toBe("web-1");
    expect(await real.fileOf("web-1", "/root/.ssh/authorized_keys")).toBe(SSH_KEY);
    expect(JSON.parse(await real.fileOf("web-1", "/run/nephele/metadata.json"))).toEqual({ role: "web" });
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
    // The control: what nobody gave it is not there.
    expect(await real.withGuest("web-1", (guest) => guest.status("/etc/app/other"))).toBe(404);
  });

  test("stop and start: the disk stays, and stopped is Ready", async () => {
    await real.patch("web-1", { power: "Stopped" });
    expect(await states.until("SHUTOFF", 2 * MINUTES)).toEqual(["ACTIVE", "ACTIVE/powering-off", "SHUTOFF"]);
    await untilReady(real.bed.kube, servers, real.at("web-1"));
    await real.patch("web-1", { power: "Running" });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["SHUTOFF", "ACTIVE/powering-on", "ACTIVE"]);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("2");
  });

  test("pause and unpause: a paused guest is silent, and goes on where it was", async () => {
    await real.patch("web-1", { power: "Paused" });
    expect(await states.until("PAUSED", MINUTES)).toEqual(["ACTIVE", "PAUSED"]);
    expect(await real.withGuest("web-1", (guest) => guest.status("/disk/boots"))).toBeUndefined();
    await real.patch("web-1", { power: "Running" });
    expect(await states.until("ACTIVE", MINUTES)).toEqual(["PAUSED", "ACTIVE"]);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("2");
  });

  test("a soft reboot starts another instance on the same disk", async () => {
    const before = await real.instance("web-1");
    await real.patch("web-1", { reboot: { requestedAt: timeText(new Date()), type: "Soft", hardAfter: "60s" } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["ACTIVE", "REBOOT/rebooting", "ACTIVE"]);
    expect(await real.instance("web-1")).not.toBe(before);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("3");
  });

  test("a hard reboot does too, and ends when the new guest has its address", async () => {
    const before = await real.instance("web-1");
    await real.patch("web-1", { reboot: { requestedAt: timeText(new Date()), type: "Hard", hardAfter: "60s" } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["ACTIVE", "HARD_REBOOT/rebooting_hard", "ACTIVE"]);
    const { addresses } = (await real.server("web-1")).status ?? {};
    expect(addresses).toHaveLength(1);
    expect(await real.instance("web-1")).not.toBe(before);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("4");
  });

  test("and each step of it is told by an event", async () => {
    const told = (await eventsAbout(real.bed.kube, "Server", real.at("web-1"))).map(({ reason }) => reason);
    expect(told).toEqual(expect.arrayContaining(["Active", "ShutOff", "Paused", "Rebooting", "HardRebooting"]));
    for (const reason of ["Corrected", "Recreated", "Fault"]) expect(told).not.toContain(reason);
  });

  test("deleted, nothing of it stays", async () => {
    await real.bed.kube.delete(servers, real.at("web-1"));
    await untilGone(real.bed.kube, servers, real.at("web-1"), 3 * MINUTES);
    await eventually("the claims and pods to be gone", async () => {
      const left = [
        ...(await real.bed.kube.list(persistentVolumeClaims, { namespace: real.team })),
        ...(await real.bed.kube.list(pods, { namespace: real.team })),
      ];
      return left.every(({ metadata }) => !metadata.name.includes("web-1"));
    });
  });
});
