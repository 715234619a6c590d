import { describe, expect, test } from "vitest";
import type { Node, VirtualMachine } from "#operator/api/foreign.ts";
import type { Server, ServerStatus } from "#operator/api/generated/server.ts";
import { BOUNDARY_LABEL_PREFIX } from "#operator/api/marks.ts";
import { servers } from "#operator/api/resources.ts";
import { keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { anInstance, aServer, CREATED, keptWithin } from "./fixtures.ts";
import { lostNode, lostText, NODE_LOST, nodeOf, whatIsReadOfNode } from "./lost-node.ts";
import { instanceOnNode, serversOnNode } from "./wakes.ts";

function aNode(ready: "True" | "False" | "Unknown" | undefined, taints: readonly string[] = []): Node {
  const condition = { type: "Ready", status: ready, lastTransitionTime: "2026-11-23T10:05:00Z" };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node-1", uid: "1", resourceVersion: "1", generation: 1, creationTimestamp: CREATED },
    spec: { podCIDR: "10.0.0.0/24", taints: taints.map((key) => ({ key, effect: "NoExecute" })) },
    status: {
      images: [{ names: ["example.org/large:1"], sizeBytes: 1 }],
      conditions: [
        { type: "MemoryPressure", status: "Unknown" },
        ...(ready === undefined ? [] : [condition]),
      ] as NonNullable<Node["status"]>["conditions"] & {},
    },
  };
}

describe("a node is lost", () => {
  test.each([
    ["True", false],
    ["False", false],
    ["Unknown", true],
    [undefined, false],
  ] as const)("where its condition Ready is %s: %s", (ready, lost) => {
    expect(lostNode(aNode(ready)) !== undefined).toBe(lost);
  });

  test("never where there is none of that name: its pods are taken away by Kubernetes", () => {
    expect(lostNode(undefined)).toBeUndefined();
  });

  test("and what is told names it, the time and the way out, until somebody went that way", () => {
    const lost = lostNode(aNode("Unknown"));
    const given = lostNode(aNode("Unknown", ["node.kubernetes.io/unreachable", "node.kubernetes.io/out-of-service"]));
    if (lost === undefined || given === undefined) throw new Error("both are lost");
    expect(lostText(lost)).toMatch(
      /^node node-1, which Kubernetes has not heard of since 2026-11-23T10:05:00Z, to come back/,
    );
    expect(lostText(lost)).toContain(
      "kubectl taint node node-1 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
    );
    expect(lostText(given)).toMatch(/^Kubernetes to give up the guest on node node-1/);
    expect(lostText(given)).not.toContain("kubectl");
  });

  test("as much when the cache holds no more of it than is read", () => {
    const node = aNode("Unknown", ["node.kubernetes.io/out-of-service"]);
    expect(lostNode(whatIsReadOfNode(node))).toEqual(lostNode(node));
    expect(JSON.stringify(whatIsReadOfNode(node))).not.toMatch(/images|podCIDR|MemoryPressure/);
  });

  test("only for guests that have not ended", () => {
    expect(nodeOf(anInstance("Running", { nodeName: "node-1" }))).toBe("node-1");
    expect(instanceOnNode(anInstance("Failed", { nodeName: "node-1" }))).toEqual([]);
    expect(instanceOnNode(anInstance("Scheduling"))).toEqual([]);
  });
});

describe("a node's word wakes the Servers that say something else of it", () => {
  const saying = (state: string, message: string, reason = "Progressing"): Server => {
    const ready = { type: "Ready", status: "False", reason, message, lastTransitionTime: CREATED };
    return aServer({}, { state, conditions: [ready] } as ServerStatus);
  };
  const woken = (node: Node, server: Server, machine?: VirtualMachine) => {
    const instance = anInstance("Running", { nodeName: "node-1" });
    const cache = {
      byIndex: (_resource: Resource, _index: string, name: string) => (name === "node-1" ? [instance] : []),
      get: (resource: Resource) => (resource === (servers as Resource) ? server : machine),
    } as unknown as CacheReader;
    return serversOnNode(node, cache).length === 1;
  };
  const lost = saying("UNKNOWN", `Waiting for ${lostText(lostNode(aNode("Unknown")) ?? never())}`, NODE_LOST);

  test.each([
    ["the node is lost, and the Server is told to run", aNode("Unknown"), saying("ACTIVE", "ACTIVE on node-1"), true],
    ["the node is lost, and the Server says so", aNode("Unknown"), lost, false],
    ["the node is given up", aNode("Unknown", ["node.kubernetes.io/out-of-service"]), lost, true],
    ["the node is back", aNode("True"), lost, true],
    ["the node lives as before", aNode("True"), saying("ACTIVE", "ACTIVE on node-1"), false],
  ])("%s", (_when, node, server, wakes) => {
    expect(woken(node, server)).toBe(wakes);
    expect(keyOf(server).name).toBe("web-1");
  });

  test("also where its labels no longer say what the guest is kept within", () => {
    const caged = keptWithin("cage");
    const silent = saying("ACTIVE", "ACTIVE on node-1");
    const condition = { type: "RestartRequired", status: "True", reason: "OutsideBoundaries", message: "" } as const;
    const conditions = [...(silent.status?.conditions ?? []), { ...condition, lastTransitionTime: CREATED }];
    const outside: Server = { ...silent, status: { ...silent.status, conditions } };
    const node = aNode("True");
    const within = { ...node, metadata: { ...node.metadata, labels: { [`${BOUNDARY_LABEL_PREFIX}cage`]: "true" } } };
    expect([woken(node, silent, caged), woken(node, outside, caged)]).toEqual([true, false]);
    expect([woken(within, silent, caged), woken(within, outside, caged)]).toEqual([false, true]);
  });
});

function never(): never {
  throw new Error("it is lost");
}
