import { describe, expect, test } from "vitest";
import { hadBy, NOTHING } from "#operator/amounts.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { aFlavor, anImage, aServer, CREATED } from "./fixtures.ts";
import { type QuotaWorld, quotaVerdict } from "./quota.ts";

const flavors: Readonly<Record<string, Flavor>> = {
  small: aFlavor("small"),
  large: aFlavor("large", { cpus: 8, memory: "8Gi", disk: "20Gi" }),
};

const stalled = {
  type: "Stalled",
  status: "True",
  reason: "InvalidConfiguration",
  message: "",
  lastTransitionTime: CREATED,
} as const;

/** Servers of one second, by name; those of `built` have their machines. */
function world(
  names: readonly string[],
  built: readonly string[] = [],
  spec: Partial<Server["spec"]> = {},
): QuotaWorld {
  return {
    servers: names.map((name) => aServer(spec, undefined, { name })),
    images: [],
    left: NOTHING,
    hasVolume: ({ status }) => status?.volume !== undefined,
    flavor: (name) => flavors[name],
    image: () => anImage(),
    built: ({ metadata }) => built.includes(metadata.name),
    refused: () => false,
  };
}

function admitted(all: QuotaWorld, quota: Parameters<typeof quotaVerdict>[1]): readonly string[] {
  return all.servers
    .filter((server) => quotaVerdict(server, quota, all).kind === "fits")
    .map(({ metadata }) => metadata.name);
}

describe("quotaVerdict", () => {
  test("without a quota everything fits", () => {
    expect(quotaVerdict(aServer(), undefined, world(["web-1"]))).toEqual({ kind: "fits" });
  });

  test("of twenty at once the same ones fit, whoever is asked", () => {
    const names = Array.from({ length: 20 }, (_, at) => `web-${String(at).padStart(2, "0")}`);
    const first = admitted(world(names), { servers: 5 });
    expect(first).toEqual(names.slice(0, 5));
    expect(admitted(world(names.toReversed()), { servers: 5 }).toSorted()).toEqual(first);
  });

  test("the verdict stays while those that fit are being built one by one", () => {
    const names = ["a", "b", "c", "d"];
    expect(admitted(world(names, ["b"]), { servers: 2 })).toEqual(["a", "b"]);
    expect(admitted(world(names, ["a", "b"]), { servers: 2 })).toEqual(["a", "b"]);
  });

  test("one that does not fit does not hold up a smaller one after it", () => {
    const all = world(["a", "b"]);
    const servers = [
      aServer({ flavorRef: { name: "large" } }, undefined, { name: "a" }),
      aServer({}, undefined, { name: "b" }),
    ];
    expect(admitted({ ...all, servers }, { cores: 4 })).toEqual(["b"]);
  });

  test.each([
    ["whose Flavor is missing", aServer({ flavorRef: { name: "none" } }, undefined, { name: "a" })],
    ["whose Image is missing", aServer({ imageRef: { name: "none" } }, undefined, { name: "a" })],
    ["whose spec is wrong", aServer({}, { conditions: [stalled] }, { name: "a" })],
  ])("one %s takes no younger one's turn", (_which, first) => {
    const all = { ...world([]), servers: [first, aServer({}, undefined, { name: "b" })] };
    const image = ({ name }: { readonly name: string }) => (name === "none" ? undefined : anImage());
    expect(quotaVerdict(all.servers[1] ?? first, { servers: 1 }, { ...all, image }).kind).toBe("fits");
    // Control: an older one that may be built does.
    const older = { ...all, servers: [aServer({}, undefined, { name: "a" }), ...all.servers.slice(1)] };
    expect(quotaVerdict(all.servers[1] ?? first, { servers: 1 }, older).kind).toBe("exceeded");
  });

  test("a built one counts as what it asks for, unless that was refused: then as what it is", () => {
    const status = { flavor: "small", rootDisk: { generation: 1, volume: "a-root-1", size: "3Gi" } };
    const greedy = aServer({ flavorRef: { name: "large" } }, status as Server["status"], { name: "a" });
    const all = { ...world(["a", "b"], ["a"]), servers: [greedy, aServer({}, undefined, { name: "b" })] };
    expect(admitted(all, { cores: 4 })).toEqual([]);
    expect(admitted({ ...all, refused: ({ metadata }) => metadata.name === "a" }, { cores: 4 })).toEqual(["b"]);
  });

  test("an older one is first, whatever its name", () => {
    const servers = [
      aServer({}, undefined, { name: "a", creationTimestamp: "2026-11-23T10:00:01Z" }),
      aServer({}, undefined, { name: "z", creationTimestamp: "2026-11-23T10:00:00Z" }),
    ];
    expect(admitted({ ...world([]), servers }, { servers: 1 })).toEqual(["z"]);
  });

  test("a resize counts the larger of both sizes", () => {
    const server = aServer({ flavorRef: { name: "large" } }, { flavor: "small" }, { name: "a" });
    const other = aServer({}, undefined, { name: "b" });
    const all = { ...world([], ["a"]), servers: [server, other] };
    expect(quotaVerdict(server, { cores: 8 }, all).kind).toBe("fits");
    expect(quotaVerdict(other, { cores: 8 }, all).kind).toBe("exceeded");
  });

  describe("of a quota that was lowered below what there is, one that has its machine", () => {
    const size = (cpus: number) => aFlavor(`c${cpus}`, { cpus, memory: `${cpus}Gi`, disk: "2Gi" });
    const sizes = (name: string) => size(Number(name.slice(1)));
    const other = aServer({ flavorRef: { name: "c4" } }, undefined, { name: "other" });
    /** What is said to one of 4 cores and a disk of 5Gi, which runs beside another of 4. */
    const said = (
      quota: Parameters<typeof quotaVerdict>[1],
      spec: Partial<Server["spec"]>,
      status = {},
      runs = "c4",
    ) => {
      const server = aServer(spec, { flavor: "c4", ...status }, { name: "this" });
      const all = { ...world([], ["this", "other"]), servers: [server, other], flavor: sizes };
      const verdict = quotaVerdict(server, quota, all, hadBy(server, runs, "5Gi", all));
      return verdict.kind === "fits" ? "fits" : verdict.what.replaceAll(/ \([^)]*\)/g, "");
    };
    const to = (flavor: string, size = "5Gi") => ({
      flavorRef: { name: flavor },
      rootDisk: { size, onServerDelete: "Delete" as const },
    });
    const tried = { resize: { from: "c2", to: "c4", startedAt: CREATED }, flavor: "c2" };

    test.each([
      ["becomes smaller", { cores: 2 }, to("c1"), {}, "fits"],
      ["becomes no larger", { cores: 2 }, to("c4", "6Gi"), {}, "fits"],
      ["becomes larger by what has no limit", { servers: 1 }, to("c8", "6Gi"), {}, "fits"],
      ["does not become larger by a core", { cores: 2, servers: 1 }, to("c5"), {}, "cores"],
      [
        "does not get a larger disk where storage is over",
        { cores: 2, storage: "7Gi" },
        to("c1", "6Gi"),
        {},
        "storage",
      ],
      ["is told only of what becomes more", { cores: 2, memory: "2Gi", storage: "9Gi" }, to("c8"), {}, "cores, memory"],
      ["goes back to what it was", { cores: 2 }, to("c2"), tried, "fits"],
      ["stays what it is being tried as", { cores: 2, memory: "2Gi" }, to("c4", "6Gi"), tried, "fits"],
    ])("%s", (_, quota, spec, status, verdict) => {
      expect(said(quota, spec, status)).toBe(verdict);
    });

    test("goes back to a larger size than it has been tried as, which was its own all the time", () => {
      expect(said({ cores: 2 }, to("c4"), { resize: { from: "c4", to: "c1", startedAt: CREATED } }, "c1")).toBe("fits");
    });
  });

  test("what Servers that are gone still take counts first", () => {
    const left = { servers: 1, cores: 2, memory: 0n, storage: 0n };
    expect(admitted({ ...world(["a", "b"]), left }, { servers: 2 })).toEqual(["a"]);
    expect(admitted({ ...world(["a", "b"]), left }, { cores: 2 })).toEqual([]);
  });

  test("says what is exceeded, by how much, for a person", () => {
    expect(
      quotaVerdict(aServer({ flavorRef: { name: "large" } }), { cores: 4, memory: "4Gi", servers: 9 }, world([])),
    ).toEqual({
      kind: "exceeded",
      what: "cores (8 wanted, 0 of 4 taken), memory (8Gi wanted, 0 of 4Gi taken)",
    });
  });

  test("storage counts root disks and the Project's Images", () => {
    const all = { ...world(["a"]), images: [anImage({ minDisk: "3Gi" })] };
    expect(admitted(all, { storage: "5Gi" })).toEqual(["a"]);
    expect(admitted(all, { storage: "4Gi" })).toEqual([]);
  });

  test("an Image that waits comes before a Server that waits, unless it does not fit itself", () => {
    const { volume, ...status } = anImage().status ?? {};
    expect(volume).toBeDefined();
    const awaited = { ...anImage({ minDisk: "3Gi" }), status };
    const all = { ...world(["a", "b"], ["b"]), images: [awaited] };
    expect(admitted(all, { storage: "6Gi" })).toEqual(["b"]);
    expect(admitted(all, { storage: "7Gi" })).toEqual(["a", "b"]);
    expect(admitted(all, { storage: "4Gi" })).toEqual(["a", "b"]);
  });
});
