import { describe, expect, test } from "vitest";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { whyUnplaced } from "./disk-pods.ts";

const CDI = "cdi.kubevirt.io/storage";
const disk = { namespace: "team-a", name: "disk" };
const FULL = "0/1 nodes are available: 1 Insufficient cpu.";

const claim = (annotations: object, name = disk.name) => ({ metadata: { ...disk, name, annotations } });
const pod = (name: string, status: "True" | "False", namespace = disk.namespace) => ({
  metadata: { namespace, name },
  status: { conditions: [{ type: "PodScheduled", status, ...(status === "False" ? { message: FULL } : {}) }] },
});

/** What is there, by plural, namespace and name. */
function cluster(there: Readonly<Record<string, readonly { readonly metadata: ObjectKey }[]>>) {
  const get = async ({ plural }: Resource, { namespace, name }: ObjectKey) =>
    there[plural]?.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  return { get } as unknown as Parameters<typeof whyUnplaced>[0];
}

describe("why no node takes a pod that makes a disk", () => {
  test.each([
    [
      "an importer into the claim itself",
      {
        persistentvolumeclaims: [claim({ [`${CDI}.import.importPodName`]: "importer" })],
        pods: [pod("importer", "False")],
      },
    ],
    [
      "an importer into the claim that is written first",
      {
        persistentvolumeclaims: [
          claim({ [`${CDI}.populator.pvcPrime`]: "prime" }),
          claim({ [`${CDI}.import.importPodName`]: "importer" }, "prime"),
        ],
        pods: [pod("importer", "False")],
      },
    ],
    [
      "a pod that takes in what is copied",
      { persistentvolumeclaims: [claim({ [`${CDI}.uploadPodName`]: "upload" })], pods: [pod("upload", "False")] },
    ],
    [
      "a pod that reads what is copied, in the namespace of that",
      {
        persistentvolumeclaims: [
          claim({
            [`${CDI}.uploadPodName`]: "upload",
            [`${CDI}.sourceClonePodName`]: "source",
            "k8s.io/CloneRequest": "team-b/golden",
          }),
        ],
        pods: [pod("upload", "True"), pod("source", "True"), pod("source", "False", "team-b")],
      },
    ],
  ])("%s", async (_what, there) => {
    expect(await whyUnplaced(cluster(there), disk)).toBe(FULL);
  });

  test.each([
    ["there is no claim", {}],
    ["the claim names no pod", { persistentvolumeclaims: [claim({})] }],
    [
      "the claim that is written first is gone",
      { persistentvolumeclaims: [claim({ [`${CDI}.populator.pvcPrime`]: "prime" })] },
    ],
    ["the pod is gone", { persistentvolumeclaims: [claim({ [`${CDI}.uploadPodName`]: "upload" })] }],
    [
      "a node has it",
      { persistentvolumeclaims: [claim({ [`${CDI}.uploadPodName`]: "upload" })], pods: [pod("upload", "True")] },
    ],
  ])("nothing is said where %s", async (_what, there) => {
    expect(await whyUnplaced(cluster(there), disk)).toBeUndefined();
  });
});
