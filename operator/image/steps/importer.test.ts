import { expect, test } from "vitest";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { ImageScope } from "../scope.ts";
import { lookAtImporter } from "./importer.ts";

const CDI = "cdi.kubevirt.io/storage";
const image = { namespace: "team-a", name: "debian" };
const FULL = "0/1 nodes are available: 1 Insufficient cpu.";

const claim = (annotations: object, name = image.name) => ({ metadata: { ...image, name, annotations } });
const importer = (status: "True" | "False") => ({
  metadata: { ...image, name: "importer" },
  status: { conditions: [{ type: "PodScheduled", status, ...(status === "False" ? { message: FULL } : {}) }] },
});
const byItself = claim({ [`${CDI}.import.importPodName`]: "importer" });
const toThePrime = claim({ [`${CDI}.populator.pvcPrime`]: "prime" });
const prime = claim({ [`${CDI}.import.importPodName`]: "importer" }, "prime");

interface There {
  readonly persistentvolumeclaims?: readonly { readonly metadata: ObjectKey }[];
  readonly pods?: readonly { readonly metadata: ObjectKey }[];
}

/** Why no node takes the importer of an Image, and how often the cluster was asked. */
async function why(
  there: There,
  isUnplaced = true,
): Promise<{ readonly why: string | undefined; readonly asked: number }> {
  let asked = 0;
  const get = async ({ plural }: Resource, { namespace, name }: ObjectKey) => {
    asked += 1;
    const all = there[plural as keyof There] ?? [];
    return all.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  };
  const state = { phase: "importing", ...(isUnplaced ? { isUnplaced } : {}) };
  const scope = { context: { object: { metadata: image }, kube: { get } }, state } as unknown as ImageScope;
  await lookAtImporter(scope);
  return { why: scope.unplaced, asked };
}

test.each([
  ["into the claim itself", { persistentvolumeclaims: [byItself], pods: [importer("False")] }],
  ["into the claim that is written first", { persistentvolumeclaims: [toThePrime, prime], pods: [importer("False")] }],
])("an importer %s says why no node takes it", async (_where, there) => {
  expect((await why(there)).why).toBe(FULL);
});

test.each([
  ["there is no claim", {}],
  ["the claim names no pod", { persistentvolumeclaims: [claim({})] }],
  ["the claim that is written first is gone", { persistentvolumeclaims: [toThePrime] }],
  ["its pod is gone", { persistentvolumeclaims: [byItself] }],
  ["a node has it meanwhile", { persistentvolumeclaims: [byItself], pods: [importer("True")] }],
])("nothing is said where %s", async (_where, there) => {
  expect((await why(there)).why).toBeUndefined();
});

test("nobody is asked where CDI has no complaint of that", async () => {
  expect(await why({ persistentvolumeclaims: [byItself], pods: [importer("False")] }, false)).toEqual({
    why: undefined,
    asked: 0,
  });
});
