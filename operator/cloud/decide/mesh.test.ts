import { expect, test } from "vitest";
import type { Pod } from "#operator/api/foreign.ts";
import { aDeploymentInTheMesh } from "../fixtures.ts";
import type { AccessPolicy } from "../resources.ts";
import { meshProblem, podsInClear, stillClear } from "./mesh.ts";

type Sidecar = "ready" | "starting" | "none";

function pod(part: string, sidecar: Sidecar, more: object = {}, phase = "Running"): Pod {
  return {
    metadata: { name: `${part}-1`, labels: { "app.kubernetes.io/name": part }, ...more },
    spec: { initContainers: sidecar === "none" ? [] : [{ name: "envoy" }] },
    status: { phase, initContainerStatuses: sidecar === "none" ? [] : [{ name: "envoy", ready: sidecar === "ready" }] },
  } as unknown as Pod;
}

/** @param others of its second Service */
function policy(status: "True" | "False", observedGeneration = 2, others = status): AccessPolicy {
  const message = "two Services want port 5000";
  const ancestors = [status, others].map((each) => ({
    conditions: [{ type: "Programmed", status: each, reason: "R", message, observedGeneration }],
  }));
  return { metadata: { generation: 2 }, status: { ancestors } } as unknown as AccessPolicy;
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
  ["not one that was evicted", [...ready, pod("barbican", "starting", {}, "Failed")], programmed, undefined],
  ["not one of a part that has none", [...ready, pod("setup", "none")], programmed, undefined],
  [
    "a sidecar that has not started",
    [pod("keystone", "starting"), pod("barbican", "ready")],
    programmed,
    "the sidecar of pod keystone-1 to get its identity from SPIRE and its configuration from the xDS control plane",
  ],
  ["a policy that is not there", ready, new Map([["p", undefined]]), "AccessPolicy p to be programmed"],
  [
    "a policy that was in force as it was before",
    ready,
    new Map([["p", policy("True", 1)]]),
    "AccessPolicy p to be programmed as it is now",
  ],
  [
    "a policy that is not in force, and why",
    ready,
    new Map([["p", policy("False")]]),
    "AccessPolicy p to be programmed: two Services want port 5000",
  ],
  [
    "a policy that is in force for one of its Services alone",
    ready,
    new Map([["p", policy("True", 2, "False")]]),
    "AccessPolicy p to be programmed: two Services want port 5000",
  ],
])("what keeps pods out of the mesh is %s", (_says, pods, policies, problem) => {
  expect(meshProblem({ parts: ["keystone", "barbican"], pods, policies })).toBe(problem);
});

test("PostgreSQL is called without a sidecar by those that have none, as long as they are there", () => {
  const going = { deletionTimestamp: "now" };
  const named = (part: string, name: string, ...rest: [Sidecar, object?, string?]) =>
    pod(part, rest[0], { name, labels: { "app.kubernetes.io/name": part }, ...rest[1] }, rest[2]);
  expect(
    podsInClear([
      named("keystone", "with", "ready"),
      named("keystone", "starts", "starting"),
      named("barbican", "goes", "none", going),
      named("setup", "done", "none", {}, "Succeeded"),
      named("backup", "copies", "none"),
      named("postgresql", "member", "none"),
      // It asks nobody for SQL.
      named("memcached", "cache", "none"),
    ]),
  ).toEqual(["goes", "copies", "member"]);
  expect(podsInClear(ready)).toEqual([]);
});

test("what is in clear text beside the mesh is told as the Cloud has it", () => {
  const outside =
    "whoever calls Keystone at 5000 and Barbican at 9311 in the cluster and from outside of the mesh, for there is no edge (spec.gateway)";
  expect(stillClear(aDeploymentInTheMesh(), [])).toBe(`In clear text still: ${outside}`);
  const elsewhere = { host: "db.example.org", port: 5432, adminSecretRef: { name: "pg" } };
  const byTls = aDeploymentInTheMesh({
    database: { external: { ...elsewhere, caSecretRef: { name: "pg", key: "ca.crt" } } },
    cache: { external: { servers: ["mc-1:11211"] } },
  });
  expect(stillClear(byTls, [])).toBe(`In clear text still: memcached, and ${outside}`);
  // Pods of before the mesh are let in by the bundled one alone.
  expect(stillClear(aDeploymentInTheMesh(), ["barbican-1"])).toBe(
    `In clear text still: whoever calls PostgreSQL at 5432, until pod barbican-1, which has no sidecar, is gone, and ${outside}`,
  );
  expect(stillClear(byTls, ["barbican-1"])).not.toContain("PostgreSQL");
  // Control: without an authority it is not known who the database is.
  expect(stillClear(aDeploymentInTheMesh({ database: { external: elsewhere } }), [])).toContain(
    "still: PostgreSQL, and",
  );
});
