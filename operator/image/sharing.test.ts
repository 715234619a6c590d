import { describe, expect, test } from "vitest";
import type { RoleBinding } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { dataVolumeFor, sharingBinding, sharingRole } from "./children.ts";
import { decideSharing, isToBeTakenBack } from "./sharing.ts";

const at = { uid: "u", resourceVersion: "1", creationTimestamp: "2026-11-23T10:00:00Z" };

function image(
  visibility: Image["spec"]["visibility"],
  sharedWith?: readonly string[],
  source: Image["spec"]["source"] = { upload: {} },
): Image {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Image",
    metadata: { name: "debian-13", namespace: "ns-a", ...at },
    spec: {
      source,
      visibility,
      ...(sharedWith === undefined ? {} : { sharedWith }),
      minDisk: "2Gi",
      os: { architecture: "amd64" },
      hardware: { firmware: "bios", diskBus: "virtio", nicModel: "virtio" },
      protected: false,
    },
  };
}

function project(name: string, namespace: string | undefined, publicImages = false): Project {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Project",
    metadata: { name, ...at },
    spec: {
      domain: "Default",
      enabled: true,
      workloads: false,
      credentials: { rotateEvery: "720h", role: "member" },
      isolation: "Strict",
      publicImages,
      protected: false,
      onDelete: "Retain",
    },
    ...(namespace === undefined ? {} : { status: { namespace } }),
  };
}

const a = project("team-a", "ns-a");
const all = [a, project("team-b", "ns-b"), project("team-c", "ns-c"), project("team-new", undefined)];

describe("decideSharing", () => {
  test("Private is nobody's", () => {
    expect(decideSharing(image("Private"), a, all)).toEqual({ kind: "none" });
  });
  test("Shared is for the Projects that are named, in the namespaces that they have; others are awaited", () => {
    expect(decideSharing(image("Shared", ["team-b", "team-new", "team-z"]), a, all)).toEqual({
      kind: "shared",
      namespaces: ["ns-b"],
      projects: ["team-b"],
      awaited: ["team-new", "team-z"],
    });
  });
  test("Shared with itself needs no right", () => {
    expect(decideSharing(image("Shared", ["team-a"]), a, all)).toMatchObject({ namespaces: [], projects: ["team-a"] });
  });
  test("Public is refused to a Project that may not publish, and to a namespace without one", () => {
    expect(decideSharing(image("Public"), a, all).kind).toBe("refused");
    expect(decideSharing(image("Public"), undefined, all).kind).toBe("refused");
  });
  test("Public is for all other Projects that have a namespace", () => {
    expect(decideSharing(image("Public"), project("team-a", "ns-a", true), all)).toMatchObject({
      kind: "shared",
      namespaces: ["ns-b", "ns-c"],
    });
  });
});

describe("a right is to be taken back", () => {
  const publisher = project("team-a", "ns-a", true);
  const given = (of: Image, ...namespaces: readonly string[]): RoleBinding =>
    sharingBinding(of, namespaces) as unknown as RoleBinding;
  const toldShared = (of: Image): Image => {
    const told = { type: "Shared", status: "True", reason: "Public", message: "", lastTransitionTime: "" } as const;
    return { ...of, status: { conditions: [told] } };
  };
  const to = (of: Image, own: Project, binding: RoleBinding | undefined, there = all) =>
    isToBeTakenBack(of, decideSharing(of, own, there), binding);
  const [everybodys, named] = [image("Public"), image("Shared", ["team-b", "team-c"])];

  test("where the Project may publish no more", () => {
    expect(to(everybodys, a, given(everybodys, "ns-b", "ns-c"))).toBe(true);
    expect(to(everybodys, publisher, given(everybodys, "ns-b", "ns-c"))).toBe(false);
  });
  test("where it is said to be in place, though its binding is gone", () => {
    expect(to(toldShared(everybodys), a, undefined)).toBe(true);
    expect(to(toldShared(everybodys), publisher, undefined)).toBe(false);
    expect(to(everybodys, a, undefined)).toBe(false);
  });
  test("where a Project that had it is gone, or is named no more", () => {
    expect(to(named, a, given(named, "ns-b", "ns-c"))).toBe(false);
    const left = all.filter(({ metadata }) => metadata.name !== "team-c");
    expect(to(named, a, given(named, "ns-b", "ns-c"), left)).toBe(true);
    expect(to(image("Shared", ["team-b"]), a, given(named, "ns-b", "ns-c"))).toBe(true);
    expect(to(image("Private"), a, given(named, "ns-b"))).toBe(true);
  });
  test("and not where somebody is still to be given it, nor by a binding that is not the Image's", () => {
    expect(to(named, a, given(named, "ns-b"))).toBe(false);
    const foreign = given({ ...named, metadata: { ...named.metadata, uid: "other" } }, "ns-z");
    expect(to(named, a, foreign)).toBe(false);
  });
});

describe("what is made for an Image", () => {
  test("the right to clone names this one volume and nothing else", () => {
    expect(sharingRole(image("Public"))).toMatchObject({
      metadata: { name: "nephele:image-source:debian-13", namespace: "ns-a" },
      rules: [
        {
          apiGroups: ["cdi.kubevirt.io"],
          resources: ["datavolumes/source"],
          resourceNames: ["debian-13"],
          verbs: ["create"],
        },
      ],
    });
  });
  test("it is given to the account that machines have, in a fixed order", () => {
    expect(sharingBinding(image("Public"), ["ns-c", "ns-b"])["subjects"]).toEqual([
      { kind: "ServiceAccount", name: "default", namespace: "ns-b" },
      { kind: "ServiceAccount", name: "default", namespace: "ns-c" },
    ]);
  });

  const url = "https://images.example.org/disk.qcow2";
  const checksum = `sha256:${"0".repeat(64)}`;
  test.each([
    [{ http: { url, checksum } }, { http: { url, checksum } }],
    [
      { registry: { url: "docker://registry.example.org/disk@sha256:0" } },
      { registry: { url: "docker://registry.example.org/disk@sha256:0" } },
    ],
    [{ volume: { name: "old" } }, { pvc: { namespace: "ns-a", name: "old" } }],
    [{ upload: {} }, { upload: {} }],
  ])("the source %j becomes %j", (source, cdi) => {
    expect(dataVolumeFor(image("Private", undefined, source), [])["spec"]).toEqual({
      source: cdi,
      contentType: "kubevirt",
      storage: { resources: { requests: { storage: "2Gi" } } },
    });
  });
});
