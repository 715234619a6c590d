import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { untilCondition, untilReady } from "#e2e/harness/conditions.ts";
import type { WatchedStates } from "#e2e/harness/watched-states.ts";
import { openGuest } from "#e2e/node/kubevirt/guest.ts";
import { addSharedStorage, joinForGuests, removeSharedStorage } from "#e2e/node/kubevirt/second-node.ts";
import { firstNode } from "#e2e/node/location.ts";
import type { SecondNode } from "#e2e/node/second-node.ts";
import { virtualMachineInstances } from "#operator/api/foreign.ts";
import { servers } from "#operator/api/resources.ts";
import { openRealGuests, type RealGuests } from "./real-guests.ts";

// A second node, and storage that both have: a drain moves a guest while it runs. That a guest whose disk is of one node is
// shut down instead, and is told so, is in server-drain.node.test.ts.

const MINUTES = 60_000;
const PASSWORD = "/etc/app/db-password";

let real: RealGuests;
let second: SecondNode;

beforeAll(async () => {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  real = await openRealGuests(inject("nodeStateDir"));
  await addSharedStorage(real.node);
  second = await joinForGuests(real.node, print);
  await real.image("first");
  await real.secret("db", { type: "passphrase", source: { generate: { length: 32 } } });
}, 20 * MINUTES);
afterAll(async () => {
  if (real === undefined) return;
  const withoutGuests = async (): Promise<void> => {
    try {
      await real.close();
    } finally {
      await second?.remove();
    }
  };
  // All of it, whatever fails: what stays is in the way of every later test on this node.
  const done = await Promise.allSettled([
    real.node.run("uncordon", firstNode.name),
    withoutGuests(),
    removeSharedStorage(real.node),
  ]);
  for (const end of done) if (end.status === "rejected") throw end.reason;
}, 10 * MINUTES);

const drain = (node: string, timeout: string): Promise<string> => {
  const only = "--pod-selector=kubevirt.io=virt-launcher";
  return real.node.run("drain", node, only, "--delete-emptydir-data", "--ignore-daemonsets", `--timeout=${timeout}`);
};

/** A file of the guest, asked from the node that it is said to be on. */
async function fileOf(path: string): Promise<string> {
  const { status } = await real.server("web-1");
  const node = status?.node === second.name ? { ...real.node, reach: second.reach } : real.node;
  const guest = await openGuest(node, status?.addresses?.[0]?.address ?? "");
  try {
    return await guest.read(path);
  } finally {
    guest.close();
  }
}

describe("a Server on shared storage whose node is drained", { timeout: 10 * MINUTES }, () => {
  let states: WatchedStates;
  let before: string | undefined;
  let password: string;
  beforeAll(async () => {
    await real.activeImage("first");
    states = real.watch("web-1");
    await real.apply("web-1", {
      flavorRef: { name: await real.flavor("small") },
      imageRef: { name: "first" },
      files: [{ path: PASSWORD, secretRef: { name: "db" } }],
    });
    await states.until("ACTIVE", 5 * MINUTES);
    before = await real.instance("web-1");
    password = await fileOf(PASSWORD);
  }, 8 * MINUTES);

  test("is told in advance that it will move", async () => {
    await untilCondition(real.bed.kube, servers, real.at("web-1"), {
      type: "LiveMigratable",
      status: "True",
      message: /moves the guest to another while it runs/,
    });
    expect((await real.server("web-1")).status?.node).toBe(firstNode.name);
  });

  test("runs on where it is as long as no other node may take it: the drain waits", async () => {
    await expect(drain(firstNode.name, "15s")).rejects.toThrow(/timeout/);
    expect((await real.server("web-1")).status?.node).toBe(firstNode.name);
    expect(await real.instance("web-1")).toBe(before);
    expect(await fileOf("/disk/boots")).toBe("1");
  });

  test("moves while it runs once one may, and keeps its disk and its files", async () => {
    await real.node.run("uncordon", second.name);
    await drain(firstNode.name, "240s");
    const told = await states.until("ACTIVE", 3 * MINUTES);
    expect(told.at(0)).toBe("ACTIVE");
    expect(told.slice(1, -1).filter((word) => !word.startsWith("MIGRATING"))).toEqual([]);
    expect(told).toContain("MIGRATING/migrating");
    const { status } = await untilReady(real.bed.kube, servers, real.at("web-1"));
    expect(status?.node).toBe(second.name);
    expect(await real.instance("web-1")).toBe(before);
    const moved = await real.bed.kube.get(virtualMachineInstances, real.at("web-1"));
    expect(moved?.status?.migrationState).toMatchObject({ sourceNode: firstNode.name, targetNode: second.name });
    expect(await fileOf("/disk/boots")).toBe("1");
    expect((await fileOf(PASSWORD)) === password).toBe(true);
  });

  test("moves back, and is stopped and started on the node that is left", async () => {
    await real.node.run("uncordon", firstNode.name);
    await drain(second.name, "240s");
    const told = await states.until("ACTIVE", 3 * MINUTES);
    expect(told.filter((word) => word !== "ACTIVE" && !word.startsWith("MIGRATING"))).toEqual([]);
    const { status } = await untilReady(real.bed.kube, servers, real.at("web-1"));
    expect(status?.node).toBe(firstNode.name);
    expect(await real.instance("web-1")).toBe(before);
    await real.patch("web-1", { power: "Stopped" });
    await states.until("SHUTOFF", 3 * MINUTES);
    await real.patch("web-1", { power: "Running" });
    await states.until("ACTIVE", 3 * MINUTES);
    expect(await fileOf("/disk/boots")).toBe("2");
  });
});
