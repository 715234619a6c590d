import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webhookOutage } from "#e2e/faults/webhook-outage.ts";
import { type Bed, openBed } from "#e2e/harness/bed.ts";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { openProxiedCloud, type ProxiedCloud } from "#e2e/harness/proxied-cloud.ts";
import { coreSecrets, virtualMachines } from "#operator/api/foreign.ts";
import { secrets, servers } from "#operator/api/resources.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let outer: Bed;
let cloud: ProxiedCloud;
let bed: GuestBed;
let team: Tenant;
let small: string;

beforeAll(async () => {
  outer = await openBed();
  [cloud, bed] = await Promise.all([openProxiedCloud(outer), openGuestBed()]);
  team = await bed.tenant({ cloudRef: cloud.ref });
  small = await bed.flavor("small");
  await team.activeImage("debian");
});
afterAll(async () => {
  await bed?.close();
  await cloud?.close();
  await outer?.close();
}, 180_000);

const at = (name: string) => ({ namespace: team.name, name });
const spec = (more: object = {}) => ({ flavorRef: { name: small }, imageRef: { name: "debian" }, ...more });
const machine = (name: string) => bed.kube.get(virtualMachines, at(name));
const transient = { type: "Ready", status: "False", reason: "TransientError" } as const;
/** Backs off for up to half a minute. */
const WITHIN_MS = 90_000;

async function starts(name: string): Promise<void> {
  await team.copied(`${name}-root-1`);
  await team.boot(name);
  await untilReady(bed.kube, servers, at(name), WITHIN_MS);
}

describe("server", () => {
  test("service down: while KubeVirt does not answer it says so, and the machine is made when it does", async () => {
    const labels = { "nephele.dev/server": "waits-for-kubevirt" };
    const template = { spec: { domain: { devices: {}, memory: { guest: "64Mi" } } } };
    const probe = {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata: { ...at("probe"), labels },
      spec: { runStrategy: "Halted", template },
    };
    const outage = await webhookOutage(bed.kube, virtualMachines, labels, probe);
    try {
      await team.server("waits-for-kubevirt", spec());
      const message = /failed calling webhook/;
      await untilCondition(bed.kube, servers, at("waits-for-kubevirt"), { ...transient, message });
      expect(await machine("waits-for-kubevirt")).toBeUndefined();
    } finally {
      await outage.end();
    }
    await starts("waits-for-kubevirt");
  });

  test("service down: while Barbican does not answer a new Server waits for its files, and one that runs stays Ready", async () => {
    const generated = { type: "passphrase", source: { generate: { length: 32 } } };
    const secret = { apiVersion: "nephele.dev/v1alpha1", kind: "Secret", metadata: at("password"), spec: generated };
    await bed.kube.apply(secrets, secret, { fieldOwner: "test" });
    await untilReady(bed.kube, secrets, at("password"));
    const files = [{ path: "/etc/app/password", secretRef: { name: "password" } }];
    await team.runningServer("runs", spec({ files }));
    const before = (await machine("runs"))?.metadata;
    cloud.barbican.fault = { kind: "down" };
    try {
      await team.server("waits-for-files", spec({ files }));
      await untilCondition(bed.kube, servers, at("waits-for-files"), transient);
      expect(await machine("waits-for-files")).toBeUndefined();
      await bed.kube.mergePatch(servers, at("runs"), { metadata: { annotations: { look: "again" } } });
      await untilReady(bed.kube, servers, at("runs"));
      expect((await machine("runs"))?.metadata).toMatchObject({ uid: before?.uid, generation: before?.generation });
    } finally {
      cloud.barbican.fault = undefined;
    }
    await starts("waits-for-files");
    const given = await bed.kube.get(coreSecrets, at("nephele-files-waits-for-files"));
    expect(Buffer.from(given?.data?.["file-1"] ?? "", "base64").toString()).toMatch(/^[A-Za-z0-9]{32}$/);
  });
});
