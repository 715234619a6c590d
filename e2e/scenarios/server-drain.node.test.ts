import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { WatchedStates } from "#e2e/harness/watched-states.ts";
import { nodeName } from "#e2e/node/location.ts";
import { virtualMachineInstances } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A drain, as an administrator does it, of the node that a guest runs on. Its disk is on that node: it cannot move.

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  await real.image("first");
}, 20 * MINUTES);
afterAll(async () => {
  await real?.node.run("uncordon", nodeName);
  await real?.close();
}, 10 * MINUTES);

describe("a Server whose node is drained", { timeout: 10 * MINUTES }, () => {
  let states: WatchedStates;
  beforeAll(async () => {
    await real.activeImage("first");
    states = real.watch("web-1");
    await real.apply("web-1", { flavorRef: { name: await real.flavor("small") }, imageRef: { name: "first" } });
    await states.until("ACTIVE", 5 * MINUTES);
  }, 8 * MINUTES);

  test("is told in advance that it will be stopped, and why", async () => {
    await untilCondition(real.bed.kube, servers, real.at("web-1"), {
      type: "LiveMigratable",
      status: "False",
      message: /A drain of its node shuts the guest down/,
    });
  });

  test("is shut down cleanly, waits for a node by that word, and starts on its disk when there is one", async () => {
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
    const before = await real.instance("web-1");
    const only = "--pod-selector=kubevirt.io=virt-launcher";
    await real.node.run("drain", nodeName, only, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=240s");
    await eventually("another guest to wait for a node", async () => {
      const instance = await real.bed.kube.get(virtualMachineInstances, real.at("web-1"));
      return instance?.metadata.uid !== before && instance?.status?.phase === "Scheduling";
    });
    await untilCondition(real.bed.kube, servers, real.at("web-1"), {
      type: "Ready",
      status: "False",
      message: /a node that takes the guest: .*unschedulable/,
    });
    await real.node.run("uncordon", nodeName);
    const told = await states.until("ACTIVE", 3 * MINUTES);
    expect(told.filter((word) => word.startsWith("ERROR") || word.startsWith("SHUTOFF"))).toEqual([]);
    await untilReady(real.bed.kube, servers, real.at("web-1"));
    expect(await real.instance("web-1")).not.toBe(before);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("2");
    // It was not cut. KubeVirt may press the button again before the guest is off, which then counts that, too.
    expect(Number(await real.fileOf("web-1", "/disk/shutdowns"))).toBeGreaterThanOrEqual(1);
  });
});
