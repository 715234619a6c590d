import { expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import type { AccessPolicy } from "../resources.ts";
import { meshProblem } from "./mesh.ts";

type Sidecar = "ready" | "starting" | "none";

function pod(part: string, sidecar: Sidecar, more: object = {}): Pod {
  return {
    metadata: { name: `${part}-1`, labels: { "app.kubernetes.io/name": part }, ...more },
    spec: { initContainers: sidecar === "none" ? [] : [{ name: "envoy" }] },
    status: { initContainerStatuses: sidecar === "none" ? [] : [{ name: "envoy", ready: sidecar === "ready" }] },
  } as unknown as Pod;
}

function policy(status: "True" | "False"): AccessPolicy {
  const conditions = [{ type: "Programmed", status, reason: "R", message: "two Services want port 5000" }];
  return { status: { ancestors: [{ conditions }] } } as unknown as AccessPolicy;
}

const ready = [pod("keystone", "ready"), pod("barbican", "ready")];
const programmed = new Map([["default-keystone", policy("True")]]);

test.each<readonly [string, readonly Pod[], ReadonlyMap<string, AccessPolicy | undefined>, string | undefined]>([
  ["nothing, where all have sidecars and policies are in force", ready, programmed, undefined],
  ["a part without a pod", [pod("keystone", "ready")], programmed, "a pod of barbican"],
  [
    "a pod of before the mesh",
    [...ready, pod("barbican", "none")],
    programmed,
    "pod barbican-1, which has no sidecar, to be replaced",
  ],
  [
    "not one that is on its way out",
    [...ready, pod("barbican", "none", { deletionTimestamp: "now" })],
    programmed,
    undefined,
  ],
  ["not one of a part that has none", [...ready, pod("postgresql", "none")], programmed, undefined],
  [
    "a sidecar that has not started",
    [pod("keystone", "starting"), pod("barbican", "ready")],
    programmed,
    "the sidecar of pod keystone-1 to get its identity from SPIRE and its configuration from the xDS control plane",
  ],
  ["a policy that is not there", ready, new Map([["p", undefined]]), "AccessPolicy p to be programmed"],
  [
    "a policy that is not in force, and why",
    ready,
    new Map([["p", policy("False")]]),
    "AccessPolicy p to be programmed: two Services want port 5000",
  ],
])("what keeps pods out of the mesh is %s", (_says, pods, policies, problem) => {
  expect(meshProblem({ parts: ["keystone", "barbican"], pods, policies })).toBe(problem);
});
