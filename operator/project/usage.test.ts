import { describe, expect, test } from "vitest";
import type { DataVolume, VirtualMachine } from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { usage } from "./usage.ts";

const small = { spec: { cpus: 2, memory: "512Mi", disk: "2Gi" } } as unknown as Flavor;
const debian = { spec: { minDisk: "3Gi" } } as unknown as Image;
const large = { spec: { cpus: 8, memory: "4Gi", disk: "20Gi" } } as unknown as Flavor;
const flavors: Readonly<Record<string, Flavor>> = { small, large };
const server = (flavor: string, size?: string, status?: Server["status"]): Server =>
  ({
    metadata: { namespace: "team-a" },
    spec: { flavorRef: { name: flavor }, imageRef: { name: "debian" }, rootDisk: size === undefined ? {} : { size } },
    status,
  }) as unknown as Server;
const disk = (size: string) => ({ generation: 1, volume: "root", size });
const secret = (versions: number): Secret =>
  ({ status: { versions: Array.from({ length: versions }, () => ({})) } }) as unknown as Secret;

const used = (
  servers: readonly Server[],
  secrets: readonly Secret[] = [],
  images: readonly Image[] = [],
  machines: readonly VirtualMachine[] = [],
  volumes: readonly DataVolume[] = [],
): object =>
  usage({
    servers,
    secrets,
    images,
    machines,
    volumes,
    flavor: (name) => flavors[name],
    image: ({ namespace, name }) => (namespace === "team-a" && name === "debian" ? debian : undefined),
  });

describe("what a Project uses", () => {
  test("is nothing at first", () => {
    expect(used([])).toEqual({ servers: 0, cores: 0, memory: "0", storage: "0", secrets: 0 });
  });

  test("are its guests by their Flavors, with the larger of Flavor's and Image's disk", () => {
    expect(used([server("small"), server("small")])).toMatchObject({
      servers: 2,
      cores: 4,
      memory: "1Gi",
      storage: "6Gi",
    });
  });

  test("is the disk that a Server asks for", () => {
    expect(used([server("small", "10Gi")])).toMatchObject({ storage: "10Gi" });
  });

  test("counts a Server whose Flavor is missing as one without size", () => {
    expect(used([server("gone", "1Gi")])).toMatchObject({ servers: 1, cores: 0, memory: "0" });
  });

  test("is, of a machine, what it has and what it is resized from", () => {
    const grown: Server["status"] = { instanceID: "i", flavor: "large", rootDisk: disk("8Gi") };
    expect(used([server("small", undefined, grown)])).toMatchObject({ cores: 8, memory: "4Gi", storage: "8Gi" });
    const resized: Server["status"] = { instanceID: "i", flavor: "small", rootDisk: disk("3Gi") };
    expect(used([server("large", undefined, resized)])).toMatchObject({ cores: 8, storage: "20Gi" });
  });

  test("is not what was refused for want of room", () => {
    const refused = [{ type: "Ready", status: "False", reason: "QuotaExceeded" }] as never;
    expect(used([server("small", undefined, { conditions: refused })])).toMatchObject({ servers: 0, storage: "0" });
    const built: Server["status"] = { instanceID: "i", flavor: "small", rootDisk: disk("3Gi"), conditions: refused };
    expect(used([server("large", undefined, built)])).toMatchObject({ servers: 1, cores: 2, storage: "3Gi" });
  });

  test("are the machines whose Servers are gone, as they were made, until they have ended", () => {
    const owner = { apiVersion: "nephele.dev/v1alpha1", kind: "Server", name: "web-1", uid: "1" };
    const machine = {
      metadata: { namespace: "team-a", ownerReferences: [owner] },
      spec: {
        template: { metadata: { annotations: { "nephele.dev/flavor": "large" } } },
        dataVolumeTemplates: [{ spec: { storage: { resources: { requests: { storage: "21Gi" } } } } }],
      },
    } as unknown as VirtualMachine;
    const foreign = { ...machine, metadata: { namespace: "team-a" } } as unknown as VirtualMachine;
    const left = { servers: 1, cores: 8, memory: "4Gi", storage: "21Gi" };
    expect(used([], [], [], [machine, foreign])).toMatchObject(left);
    const annotations = { "nephele.dev/server-uid": "1" };
    const unowned = { ...machine, metadata: { namespace: "team-a", annotations } } as unknown as VirtualMachine;
    expect(used([], [], [], [unowned])).toMatchObject(left);
    const there = { ...server("small", "1Gi"), metadata: { namespace: "team-a", uid: "1" } } as unknown as Server;
    expect(used([there], [], [], [machine])).toMatchObject({ servers: 1, cores: 2, storage: "1Gi" });
    expect(used([there], [], [], [unowned])).toMatchObject({ servers: 1, cores: 2, storage: "1Gi" });
  });

  test("are the root disks that were kept, once, and no other volumes", () => {
    const volume = (name: string, labels: object): DataVolume =>
      ({ metadata: { name, labels }, spec: { storage: { resources: { requests: { storage: "7Gi" } } } } }) as never;
    const kept = volume("web-1-root-1", { "nephele.dev/retained-from": "web-1" });
    const other = volume("web-2-root-1", { "nephele.dev/server": "web-2" });
    expect(used([], [], [], [], [kept, other])).toMatchObject({ servers: 0, storage: "7Gi" });
    const status = { instanceID: "i", rootDisk: { ...disk("7Gi"), volume: "web-1-root-1" } };
    expect(used([server("small", "7Gi", status)], [], [], [], [kept])).toMatchObject({ servers: 1, storage: "7Gi" });
  });

  test.each([
    ["as large as it had grown", "90Gi", "90Gi"],
    ["no smaller than it was made", "1Gi", "7Gi"],
    ["as it was made, where its mark cannot be read", "large", "7Gi"],
  ])("is a root disk that was kept, %s", (_, size, storage) => {
    const metadata = {
      name: "web-1-root-1",
      labels: { "nephele.dev/retained-from": "web-1" },
      annotations: { "nephele.dev/disk-size": size },
    };
    const spec = { storage: { resources: { requests: { storage: "7Gi" } } } };
    expect(used([], [], [], [], [{ metadata, spec } as never])).toMatchObject({ storage });
  });

  test("is not an Image that is held for want of room", () => {
    const held = { ...debian, status: { conditions: [{ type: "WithinQuota", status: "False" }] } } as unknown as Image;
    expect(used([], [], [debian, held])).toMatchObject({ storage: "3Gi" });
  });

  test("are the volumes of Images and the versions of Secrets", () => {
    expect(used([], [secret(2), secret(1)], [debian])).toMatchObject({ storage: "3Gi", secrets: 3 });
  });
});
