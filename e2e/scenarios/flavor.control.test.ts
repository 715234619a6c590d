import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { webhookOutage } from "#e2e/faults/webhook-outage.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { virtualMachineClusterInstancetypes } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import { flavors } from "#operator/api/resources.ts";
import { isApiError } from "#runtime/client/errors.ts";

let bed: Bed;
const made = new Set<string>();

beforeAll(async () => {
  bed = await openBed();
});
afterAll(async () => {
  for (const name of made) await bed?.kube.delete(flavors, { name });
  await bed?.close();
});

async function apply(
  spec: object = {},
  annotations: Readonly<Record<string, string>> = {},
  name = unique("flavor"),
): Promise<string> {
  made.add(name);
  const wanted = { cpus: 2, memory: "1Gi", ...spec };
  const flavor = { apiVersion: "nephele.dev/v1alpha1", kind: "Flavor", metadata: { name, annotations }, spec: wanted };
  await bed.kube.apply(flavors, flavor, { fieldOwner: "test", force: true });
  return name;
}
const instancetype = (name: string) => bed.kube.get(virtualMachineClusterInstancetypes, { name: `nephele-${name}` });
const ready = (name: string): Promise<Flavor> => untilReady(bed.kube, flavors, { name });

describe("flavor", () => {
  test("create-minimal: KubeVirt has an instancetype of that size", async () => {
    const name = await apply();
    expect((await ready(name)).status).toMatchObject({ instancetype: `nephele-${name}`, usedBy: 0 });
    expect((await instancetype(name))?.spec).toEqual({ cpu: { guest: 2 }, memory: { guest: "1Gi" } });
  });

  test("create-full: dedicated CPUs and required traits", async () => {
    const name = await apply({
      disk: "2Gi",
      dedicatedCPUs: true,
      traits: { required: ["HW_CPU_X86_AVX2"], forbidden: ["CUSTOM_OLD"] },
    });
    await ready(name);
    expect((await instancetype(name))?.spec).toEqual({
      cpu: { guest: 2, dedicatedCPUPlacement: true },
      memory: { guest: "1Gi" },
      nodeSelector: { "trait.nephele.dev/HW_CPU_X86_AVX2": "true" },
    });
  });

  test("update: the size cannot be changed, and what somebody changes in the instancetype is corrected", async () => {
    const name = await apply();
    await ready(name);
    const refused = await bed.kube
      .mergePatch(flavors, { name }, { spec: { cpus: 4 } })
      .catch((error: unknown) => error);
    expect(isApiError(refused, "Invalid")).toBe(true);
    await bed.kube.mergePatch(
      virtualMachineClusterInstancetypes,
      { name: `nephele-${name}` },
      { spec: { cpu: { guest: 16 } } },
    );
    await eventually("the size to be corrected", async () => (await instancetype(name))?.spec?.cpu.guest === 2);
  });

  test("conflict: an instancetype of the name that is somebody else's is not touched", async () => {
    const name = unique("flavor");
    const foreign = { cpu: { guest: 7 }, memory: { guest: "7Gi" } };
    const metadata = { name: `nephele-${name}` };
    const kind = { apiVersion: "instancetype.kubevirt.io/v1beta1", kind: "VirtualMachineClusterInstancetype" };
    await bed.kube.create(virtualMachineClusterInstancetypes, { ...kind, metadata, spec: foreign });
    await apply({}, {}, name);
    const message = /VirtualMachineClusterInstancetype nephele-.* exists and does not belong to this Flavor/;
    await untilCondition(
      bed.kube,
      flavors,
      { name },
      { type: "Stalled", status: "True", reason: "InvalidConfiguration", message },
    );
    expect((await instancetype(name))?.spec).toEqual(foreign);
    await bed.kube.delete(virtualMachineClusterInstancetypes, metadata);
    await ready(name);
  });

  test("external deletion: the instancetype is made again", async () => {
    const name = await apply();
    await ready(name);
    const before = (await instancetype(name))?.metadata.uid;
    await bed.kube.delete(virtualMachineClusterInstancetypes, { name: `nephele-${name}` });
    await eventually(
      "another one",
      async () => ![undefined, before].includes((await instancetype(name))?.metadata.uid),
    );
  });

  test("service down: while KubeVirt does not answer it says so, and the instancetype is made when it does", async () => {
    const name = unique("flavor");
    const labels = { "nephele.dev/flavor": name };
    const probe = {
      apiVersion: "instancetype.kubevirt.io/v1beta1",
      kind: "VirtualMachineClusterInstancetype",
      metadata: { name: unique("probe"), labels },
      spec: { cpu: { guest: 1 }, memory: { guest: "1Gi" } },
    };
    const outage = await webhookOutage(bed.kube, virtualMachineClusterInstancetypes, labels, probe);
    try {
      await apply({}, {}, name);
      const message = /failed calling webhook/;
      await untilCondition(
        bed.kube,
        flavors,
        { name },
        { type: "Ready", status: "False", reason: "TransientError", message },
      );
      expect(await instancetype(name)).toBeUndefined();
    } finally {
      await outage.end();
    }
    await ready(name);
  });

  test("delete: the instancetype goes with it", async () => {
    const name = await apply();
    await ready(name);
    await bed.kube.delete(flavors, { name });
    await untilGone(bed.kube, flavors, { name });
    await untilGone(bed.kube, virtualMachineClusterInstancetypes, { name: `nephele-${name}` });
  });

  test("paused: nothing is done while the annotation is there", async () => {
    const name = await apply({}, { "nephele.dev/paused": "true" });
    await untilCondition(bed.kube, flavors, { name }, { type: "Reconciling", status: "False", reason: "Paused" });
    expect(await instancetype(name)).toBeUndefined();
    await bed.kube.mergePatch(flavors, { name }, { metadata: { annotations: { "nephele.dev/paused": null } } });
    await ready(name);
  });
});
