import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import { nodeName } from "#e2e/node/location.ts";
import { servers } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A node of which nothing is heard, since its kubelet is gone, while the guest on it runs on.

const MINUTES = 60_000;

let real: RealGuests;

beforeAll(async () => {
  real = await openRealGuests(inject("nodeStateDir"));
  await real.image("first");
  await real.activeImage("first");
  await real.apply("web-1", { flavorRef: { name: await real.flavor("small") }, imageRef: { name: "first" } });
  await real.activeServer("web-1");
}, 20 * MINUTES);
afterAll(() => real?.close(), 10 * MINUTES);

describe("a Server whose node is not heard of", { timeout: 10 * MINUTES }, () => {
  test("is UNKNOWN, names the node, and is as it was when the node is back: its guest was left alone", async () => {
    const states = real.watch("web-1");
    await states.until("ACTIVE", MINUTES);
    const before = await real.instance("web-1");
    const { cluster } = real.node;
    await cluster.stop("kubelet");
    try {
      const lost = {
        type: "Ready",
        status: "False",
        reason: "NodeLost",
        message: new RegExp(`\\b${nodeName}\\b`),
      } as const;
      const { status } = await untilCondition(real.bed.kube, servers, real.at("web-1"), lost, 3 * MINUTES);
      expect(status?.state).toBe("UNKNOWN");
      expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
    } finally {
      cluster.start("kubelet");
    }
    await untilReady(real.bed.kube, servers, real.at("web-1"), 3 * MINUTES);
    expect(await states.until("ACTIVE", MINUTES)).toEqual(["ACTIVE", "UNKNOWN", "ACTIVE"]);
    expect(await real.instance("web-1")).toBe(before);
    expect(await real.fileOf("web-1", "/disk/boots")).toBe("1");
  });
});
