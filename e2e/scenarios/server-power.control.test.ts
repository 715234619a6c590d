import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { virtualMachineInstances } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

let bed: GuestBed;
let team: Tenant;
let flavor: string;
/** What virt-handler would write, were there a node. */
let handler: KubeClient;

beforeAll(async () => {
  bed = await openGuestBed();
  handler = await bed.as("system:serviceaccount:kubevirt:kubevirt-controller", ["system:masters"]);
  team = await bed.tenant();
  flavor = await bed.flavor("power");
  await team.activeImage("debian");
});
afterAll(() => bed?.close(), 180_000);

const at = (name: string) => ({ namespace: team.name, name });
const spec = () => ({ flavorRef: { name: flavor }, imageRef: { name: "debian" }, rootDisk: { size: "1Gi" } });

/** The guest's condition Paused, as virt-handler keeps it. */
async function play(name: string, paused: boolean): Promise<void> {
  const instance = await bed.kube.get(virtualMachineInstances, at(name));
  const others = (instance?.status?.conditions ?? []).filter(({ type }) => type !== "Paused");
  const told = { type: "Paused", status: "True", reason: "PausedByUser", message: "VMI was paused by user" };
  // Without times KubeVirt's own patches, which name what they expect to find, would never fit again.
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const times = { lastProbeTime: now, lastTransitionTime: now };
  const conditions = [...others, ...(paused ? [told] : [])].map((condition) => ({ ...condition, ...times }));
  await handler.mergePatch(virtualMachineInstances, at(name), { status: { conditions } });
}

async function untilState(name: string, state: string): Promise<void> {
  await eventually(`Server ${name} to be ${state}`, async () => {
    return (await bed.kube.get(servers, at(name)))?.status?.state === state;
  });
}

describe("server", () => {
  test("update: Paused is asked of KubeVirt until the guest says so, and taken back in the same way", async () => {
    await team.runningServer("pauses", spec());
    const asks = (verb: string) => ({
      type: "Reconciling",
      status: "True",
      reason: "TransientError",
      message: new RegExp(`virtualmachineinstances.subresources.kubevirt.io/${verb}`),
    });
    await team.patchServer("pauses", { power: "Paused" });
    // No node, no virt-handler that would do it: KubeVirt says that, and is asked again.
    await untilCondition(bed.kube, servers, at("pauses"), asks("pause"));
    await play("pauses", true);
    await untilState("pauses", "PAUSED");
    await untilReady(bed.kube, servers, at("pauses"));

    await team.patchServer("pauses", { power: "Running" });
    await untilCondition(bed.kube, servers, at("pauses"), asks("unpause"));
    await play("pauses", false);
    await untilState("pauses", "ACTIVE");
    await untilReady(bed.kube, servers, at("pauses"));
  });

  test("update: a root disk that the storage cannot enlarge is said by its field, and the Server stays as it was", async () => {
    await team.runningServer("grows", spec());
    await team.patchServer("grows", { rootDisk: { size: "2Gi" } });
    const server = await untilCondition(bed.kube, servers, at("grows"), {
      type: "Stalled",
      status: "True",
      reason: "InvalidConfiguration",
      message: /spec\.rootDisk\.size.*cannot make the disk larger/,
    });
    expect(server.status?.state).toBe("ACTIVE");
  });
});
