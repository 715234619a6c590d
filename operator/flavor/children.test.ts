import { describe, expect, test } from "vitest";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import { instancetypeFor, isOurs } from "./children.ts";

function flavor(spec: Partial<Flavor["spec"]> = {}, uid = "flavor-uid"): Flavor {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Flavor",
    metadata: { name: "small", uid, resourceVersion: "1", creationTimestamp: "2026-11-23T10:00:00Z" },
    spec: { cpus: 1, memory: "512Mi", disk: "2Gi", dedicatedCPUs: false, ...spec },
  };
}

describe("instancetypeFor", () => {
  test("carries our prefix, the owner and no more than CPUs and memory for a plain size", () => {
    expect(instancetypeFor(flavor())).toEqual({
      apiVersion: "instancetype.kubevirt.io/v1beta1",
      kind: "VirtualMachineClusterInstancetype",
      metadata: {
        name: "nephele-small",
        labels: { "app.kubernetes.io/managed-by": "nephele", "nephele.dev/flavor": "small" },
        ownerReferences: [
          {
            apiVersion: "nephele.dev/v1alpha1",
            kind: "Flavor",
            name: "small",
            uid: "flavor-uid",
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { cpu: { guest: 1 }, memory: { guest: "512Mi" } },
    });
  });

  test("asks for dedicated CPUs only where the Flavor does", () => {
    expect(instancetypeFor(flavor({ dedicatedCPUs: true }))["spec"]).toMatchObject({
      cpu: { dedicatedCPUPlacement: true },
    });
  });

  test("turns required traits into a node selector and leaves forbidden ones to the machine", () => {
    const spec = instancetypeFor(flavor({ traits: { required: ["HW_CPU_X86_AVX2"], forbidden: ["CUSTOM_OLD"] } }))[
      "spec"
    ];
    expect(spec).toMatchObject({ nodeSelector: { "trait.nephele.dev/HW_CPU_X86_AVX2": "true" } });
    expect(JSON.stringify(spec)).not.toContain("CUSTOM_OLD");
  });
});

test("an instancetype of a Flavor that had the same name before is not ours", () => {
  const desired = instancetypeFor(flavor({}, "old"));
  const instancetype = {
    ...desired,
    metadata: { ...desired.metadata, uid: "x", resourceVersion: "1", creationTimestamp: "" },
  };
  expect(isOurs(instancetype, flavor({}, "new"))).toBe(false);
  expect(isOurs(instancetype, flavor({}, "old"))).toBe(true);
});
