import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { untilCondition } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { run } from "#e2e/harness/run.ts";
import { nodes, type VirtualMachineInstance, virtualMachineInstances } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { servers } from "#operator/api/resources.ts";
import { timeText } from "#runtime/api/time.ts";
import { type GuestBed, openGuestBed, type Tenant } from "./guest-bed.ts";

// A node of a test's own, which one Server alone is placed on: what Kubernetes says of it when it is not heard of any more is played.

const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
const node = { name: unique("lost") };
/** As the other played node has it (e2e/cluster/node.ts), but for one launcher. */
const LABELS = {
  "kubernetes.io/hostname": node.name,
  "kubernetes.io/os": "linux",
  "kubernetes.io/arch": "amd64",
  "kubevirt.io/schedulable": "true",
  "machine-type.node.kubevirt.io/q35": "true",
  "topology.kubernetes.io/zone": node.name,
};
const DEVICES = ["kvm", "tun", "vhost-net"].map((name) => [`devices.kubevirt.io/${name}`, "9"]);
const QUANTITIES = { cpu: "1", memory: "1Gi", pods: "1", "ephemeral-storage": "10Gi", ...Object.fromEntries(DEVICES) };
let bed: GuestBed;
let team: Tenant;

beforeAll(async () => {
  bed = await openGuestBed();
  team = await bed.tenant();
  await team.activeImage("debian");
  const annotations = { "kubevirt.io/heartbeat": "2099-01-01T00:00:00Z" };
  const metadata = { ...node, labels: LABELS, annotations };
  await bed.kube.create(nodes, { apiVersion: "v1", kind: "Node", metadata });
  await bed.kube.mergePatch(nodes, node, { status: { capacity: QUANTITIES, allocatable: QUANTITIES } }, "status");
  await nodeIs("True");
  await bed.kube.mergePatch(nodes, node, { spec: { taints: null } });
}, 180_000);
afterAll(async () => {
  // Nobody is there who would say that the launcher has ended.
  const force = ["delete", "pods", "--all", `--namespace=${team?.name}`, "--force", "--grace-period=0"];
  const env = { KUBECONFIG: bed?.cluster.kubeconfigPath ?? "" };
  if (team !== undefined) {
    await bed.kube.delete(servers, at("web"));
    await run(bed.cluster.kubectl, force, { env });
  }
  await bed?.kube.delete(nodes, node);
  await bed?.close();
}, 240_000);

const at = (name: string) => ({ namespace: team.name, name });

async function nodeIs(status: "True" | "Unknown"): Promise<void> {
  const now = timeText(new Date());
  const ready = { type: "Ready", status, reason: "Played", lastHeartbeatTime: now, lastTransitionTime: now };
  await bed.kube.mergePatch(nodes, node, { status: { conditions: [ready] } }, "status");
}

const untilSaid = (message: RegExp): Promise<Server> =>
  untilCondition(bed.kube, servers, at("web"), { type: "Ready", status: "False", reason: "NodeLost", message });

async function instance(): Promise<VirtualMachineInstance | undefined> {
  return bed.kube.get(virtualMachineInstances, at("web"));
}

describe("server", () => {
  test("update: while its node is lost it is UNKNOWN and nothing is asked of its guest; what was wanted comes with the node", async () => {
    const flavor = await bed.flavor("small");
    await team.runningServer("web", { flavorRef: { name: flavor }, imageRef: { name: "debian" }, zone: node.name });
    const is = { type: "Ready", status: "True", message: new RegExp(`^ACTIVE on ${node.name}$`) };
    await untilCondition(bed.kube, servers, at("web"), is);
    const before = (await instance())?.metadata.uid;

    await nodeIs("Unknown");
    const { status } = await untilSaid(
      new RegExp(`node ${node.name}, .*kubectl taint node ${node.name} ${OUT_OF_SERVICE}`),
    );
    expect(status).toMatchObject({ state: "UNKNOWN", node: node.name });
    expect(await team.events("Server", "web")).toContain("NodeLost");

    const reboot = { requestedAt: timeText(new Date()), type: "Soft", hardAfter: "60s" };
    await team.patchServer("web", { reboot });
    // Said of the generation that asks for it: a whole pass has left it.
    expect((await untilSaid(/started nowhere else/)).status?.reboot).toBeUndefined();
    expect((await instance())?.metadata).toMatchObject({ uid: before });
    expect((await instance())?.metadata.deletionTimestamp).toBeUndefined();

    const taints = (await bed.kube.get(nodes, node))?.spec?.taints ?? [];
    const off = { key: OUT_OF_SERVICE, value: "nodeshutdown", effect: "NoExecute" };
    await bed.kube.mergePatch(nodes, node, { spec: { taints: [...taints, off] } });
    await untilSaid(/^Waiting for Kubernetes to give up the guest on node/);

    // The control: what kept the guest from being asked was the node alone.
    await bed.kube.mergePatch(nodes, node, { spec: { taints } });
    await nodeIs("True");
    await eventually("the guest to be shut down for its reboot", async () => {
      const { uid, deletionTimestamp } = (await instance())?.metadata ?? {};
      return uid !== before || deletionTimestamp !== undefined;
    });
    expect((await bed.kube.get(servers, at("web")))?.status).toMatchObject({ reboot: { instance: before } });
  }, 120_000);
});
