import { describe, expect, test } from "vitest";
import { aFlavor, aMachine, anImage, aServer, aVolume } from "./fixtures.ts";
import { diskFrom, diskSize, holderOf, planDisk, ROOT_DISK_ANNOTATION, recordedDisk } from "./root-disk.ts";

const disk = diskFrom(aServer(), anImage(), 1, "2Gi");

describe("planDisk", () => {
  test("without a record the first disk is made", () => {
    expect(planDisk(aServer(), undefined)).toEqual({ kind: "make", generation: 1, rebuild: false });
  });
  test("a machine that is gone gets a disk of the number it had", () => {
    const server = aServer({}, { rootDisk: { generation: 3, volume: "web-1-root-3" } });
    expect(planDisk(server, undefined)).toMatchObject({ kind: "make", generation: 3 });
  });
  test("the disk of the Image that is named stays", () => {
    expect(planDisk(aServer(), disk)).toEqual({ kind: "keep", disk });
  });
  test("the same name in another namespace is another Image", () => {
    const server = aServer({ imageRef: { name: "debian-13", namespace: "team-b" }, rebuildPolicy: "Replace" });
    expect(planDisk(server, disk)).toEqual({ kind: "make", generation: 2, rebuild: true });
  });
  test("another Image is refused unless rebuildPolicy allows it", () => {
    const plan = planDisk(aServer({ imageRef: { name: "fedora" } }), disk);
    expect(plan).toMatchObject({ kind: "refused", field: "spec.imageRef" });
  });
});

describe("diskSize", () => {
  const sizes = [
    {
      name: "the larger of Flavor and Image where none is asked for",
      asked: undefined,
      least: "3Gi",
      is: { kind: "size", size: "3Gi" },
    },
    { name: "the Flavor's where that is larger", asked: undefined, least: "1Gi", is: { kind: "size", size: "2Gi" } },
    { name: "what is asked for", asked: "5Gi", least: "3Gi", is: { kind: "size", size: "5Gi" } },
    { name: "as Kubernetes writes it back", asked: "5120Mi", least: "3Gi", is: { kind: "size", size: "5Gi" } },
    {
      name: "never less than the Image needs",
      asked: "2Gi",
      least: "3Gi",
      is: { kind: "refused", problem: "2Gi is less than the Image needs: ask for 3Gi or more" },
    },
    {
      name: "never less than the Flavor needs",
      asked: "1500Mi",
      least: "1Gi",
      is: { kind: "refused", problem: "1500Mi is less than Flavor small needs: ask for 2Gi or more" },
    },
  ];
  test.each(sizes)("is $name", ({ asked, least, is }) => {
    const server = aServer({ rootDisk: { onServerDelete: "Delete", ...(asked === undefined ? {} : { size: asked }) } });
    expect(diskSize(server, aFlavor(), least, "the Image")).toEqual(is);
  });
});

describe("the machine's record of its disk", () => {
  test("comes back as it was written", () => {
    const machine = aMachine("Always", {}, { annotations: { [ROOT_DISK_ANNOTATION]: JSON.stringify(disk) } });
    expect(recordedDisk(machine)).toEqual(disk);
  });
  test.each(["", "{", "[]", "{}", '{"generation":1}'])("that somebody mangled to %j is none", (text) => {
    expect(recordedDisk(aMachine("Always", {}, { annotations: { [ROOT_DISK_ANNOTATION]: text } }))).toBeUndefined();
  });
});

describe("holderOf", () => {
  const key = { namespace: "team-a", name: "web-1" };
  const owned = (name: string, uid: string) => ({
    ...aVolume("Succeeded"),
    metadata: {
      ...aVolume("Succeeded").metadata,
      ownerReferences: [{ apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name, uid, controller: true }],
    },
  });
  test.each([
    ["nobody's where there is none", undefined, "nobody"],
    ["ours where our machine owns it", owned("web-1", "now"), "ours"],
    ["on its way out where an earlier machine of the name owned it", owned("web-1", "before"), "leaving"],
    ["foreign where another machine owns it", owned("web-2", "other"), "foreign"],
    ["foreign where nobody owns it: KubeVirt would take it over", aVolume("Succeeded"), "foreign"],
  ] as const)("is %s", (_, volume, is) => {
    expect(holderOf(volume, key, "now")).toBe(is);
  });
});
