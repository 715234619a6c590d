import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run, type Said } from "#e2e/harness/run.ts";
import { coreSecrets, pods, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
import { SERVER_LABEL } from "#operator/api/marks.ts";
import { secrets, servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
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
const OWNER = { fieldOwner: "test", force: true } as const;
const object = (kind: string, name: string) => ({ apiVersion: "nephele.dev/v1alpha1", kind, metadata: at(name) });
const spec = () => ({ flavorRef: { name: flavor }, imageRef: { name: "debian" }, rootDisk: { size: "1Gi" } });

interface Condition {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

/** A condition of the guest as virt-handler keeps it; undefined where it has none. */
async function tell(name: string, type: string, said: Condition | undefined): Promise<void> {
  const instance = await bed.kube.get(virtualMachineInstances, at(name));
  const others = (instance?.status?.conditions ?? []).filter((condition) => condition.type !== type);
  const told = said === undefined ? [] : [{ type, ...said }];
  // Without times KubeVirt's own patches, which name what they expect to find, would never fit again.
  const now = timeText(new Date());
  const times = { lastProbeTime: now, lastTransitionTime: now };
  const conditions = [...others, ...told].map((condition) => ({ ...condition, ...times }));
  await handler.mergePatch(virtualMachineInstances, at(name), { status: { conditions } });
}

const play = (name: string, paused: boolean): Promise<void> =>
  tell(
    name,
    "Paused",
    paused ? { status: "True", reason: "PausedByUser", message: "VMI was paused by user" } : undefined,
  );

/** What a drain would be answered for the Server's launcher. Nothing is evicted. */
async function evicted(name: string): Promise<Said> {
  const launcher = await eventually(`the launcher of ${name}`, async () => {
    const found = await bed.kube.list(pods, { namespace: team.name, labelSelector: `${SERVER_LABEL}=${name}` });
    return found[0]?.metadata.name;
  });
  const metadata = { namespace: team.name, name: launcher };
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata, deleteOptions: { dryRun: ["All"] } };
  const path = `/api/v1/namespaces/${team.name}/pods/${launcher}/eviction`;
  return run(bed.cluster.kubectl, ["create", "--raw", path, "--filename=-"], {
    input: eviction,
    env: { KUBECONFIG: bed.cluster.kubeconfigPath },
  });
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

  test("update: what a drain does is said in advance: a guest that can move is kept for that, another is let go", async () => {
    await team.runningServer("drained", spec());
    await tell("drained", "LiveMigratable", {
      status: "False",
      reason: "DisksNotLiveMigratable",
      message: "no shared disk",
    });
    await untilCondition(bed.kube, servers, at("drained"), {
      type: "LiveMigratable",
      status: "False",
      reason: "DisksNotLiveMigratable",
      message: /shuts the guest down.*no shared disk/,
    });
    expect(await evicted("drained")).toMatchObject({ ok: true });

    await tell("drained", "LiveMigratable", { status: "True" });
    await untilCondition(bed.kube, servers, at("drained"), { type: "LiveMigratable", status: "True" });
    expect(await evicted("drained")).toMatchObject({
      ok: false,
      text: expect.stringContaining("Eviction triggered evacuation of VMI"),
    });
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
    await untilStopped("grows", { power: "Stopped" });
  });

  test("dependency deleted, disabled: whose user data or files cannot be had any more is stopped all the same", async () => {
    const password = { type: "passphrase", source: { generate: { length: 16 } } };
    await bed.kube.apply(secrets, { ...object("Secret", "gone"), spec: password }, OWNER);
    const data = { userdata: Buffer.from("#!/bin/sh\n").toString("base64") };
    await bed.kube.apply(coreSecrets, { apiVersion: "v1", kind: "Secret", metadata: at("data"), data }, OWNER);
    const files = [{ path: "/etc/password", mode: "0400", secretRef: { name: "gone" } }];
    const userData = { secretKeyRef: { name: "data", key: "userdata" } };
    await team.runningServer("left", { ...spec(), files, userData });
    await bed.kube.delete(coreSecrets, at("data"));
    await bed.kube.delete(secrets, at("gone"));
    const lacks = { type: "Ready", status: "False", message: /core Secret .*data/ } as const;
    await untilCondition(bed.kube, servers, at("left"), lacks);
    await untilCondition(bed.kube, servers, at("left"), { type: "FilesCurrent", status: "False", reason: "Awaited" });
    await bed.project(team.name, { enabled: false });
    await untilStopped("left");
    await bed.project(team.name, { enabled: true });
  });
});

/** The machine is told to be off: what a node's part of it would do is not played here. */
async function untilStopped(name: string, change?: { readonly power: "Stopped" }): Promise<void> {
  if (change !== undefined) await team.patchServer(name, change);
  await eventually(`the machine of ${name} to be halted`, async () => {
    return (await bed.kube.get(virtualMachines, at(name)))?.spec?.runStrategy === "Halted";
  });
}
