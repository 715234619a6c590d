import { describe, expect, test } from "vitest";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Secret } from "#operator/api/generated/secret.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { usage } from "./usage.ts";

const small = { spec: { cpus: 2, memory: "512Mi", disk: "2Gi" } } as unknown as Flavor;
const debian = { spec: { minDisk: "3Gi" } } as unknown as Image;
const server = (flavor: string, size?: string): Server =>
  ({
    metadata: { namespace: "team-a" },
    spec: { flavorRef: { name: flavor }, imageRef: { name: "debian" }, rootDisk: size === undefined ? {} : { size } },
  }) as unknown as Server;
const secret = (versions: number): Secret =>
  ({ status: { versions: Array.from({ length: versions }, () => ({})) } }) as unknown as Secret;

const used = (servers: readonly Server[], secrets: readonly Secret[] = [], images: readonly Image[] = []): object =>
  usage({
    servers,
    secrets,
    images,
    flavor: (name) => (name === "small" ? small : undefined),
    image: (namespace, name) => (namespace === "team-a" && name === "debian" ? debian : undefined),
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
    expect(used([server("large", "1Gi")])).toMatchObject({ servers: 1, cores: 0, memory: "0" });
  });

  test("are the volumes of Images and the versions of Secrets", () => {
    expect(used([], [secret(2), secret(1)], [debian])).toMatchObject({ storage: "3Gi", secrets: 3 });
  });
});
