import { describe, expect, test } from "vitest";
import type { VirtualMachine } from "#operator/api/foreign.ts";
import { aFlavor, anImage, aServer } from "./fixtures.ts";
import { type MachinePlan, machineChange, machineFor } from "./machine.ts";
import { ownership } from "./names.ts";
import { isOutside } from "./placement.ts";
import { diskFrom } from "./root-disk.ts";

function plan(changes: Partial<MachinePlan> = {}): MachinePlan {
  const server = changes.server ?? aServer();
  return {
    server,
    installationId: "local",
    flavor: aFlavor(),
    disk: diskFrom(server, anImage(), 1, "5Gi"),
    boundaries: [],
    powered: true,
    userData: { inline: "#cloud-config\n{}\n" },
    filesRevision: undefined,
    ...changes,
  };
}

const RETAIN = { rootDisk: { onServerDelete: "Retain" } } as const;

/** What the API server would have after an apply. */
function applied(changes: Partial<MachinePlan> = {}): VirtualMachine {
  return structuredClone(machineFor(plan(changes))) as unknown as VirtualMachine;
}

describe("machineFor", () => {
  test("the least Server", async () => {
    await expect(JSON.stringify(machineFor(plan()), null, 2)).toMatchFileSnapshot(
      "./testing/machine-minimal.golden.json",
    );
  });

  test("a Server with everything", async () => {
    const server = aServer({ zone: "z-1", placement: { sameHost: ["db-1"], differentHost: ["web-3", "web-2"] } });
    const image = anImage(
      { hardware: { firmware: "uefi", diskBus: "sata", nicModel: "e1000e" }, boundaries: ["secret", "cage-2"] },
      { checksum: "sha256:0" },
    );
    const full = plan({
      server,
      flavor: aFlavor("large", { traits: { required: ["A"], forbidden: ["B"] } }),
      disk: diskFrom(server, image, 2, "5Gi"),
      boundaries: ["cage-2", "here"],
      powered: false,
      userData: "secret",
      filesRevision: "0123456789abcdef",
    });
    await expect(JSON.stringify(machineFor(full), null, 2)).toMatchFileSnapshot("./testing/machine-full.golden.json");
  });

  test("is outside of a boundary that its affinity does not name", () => {
    const within = applied({ boundaries: ["cage-2", "here"] });
    expect(isOutside(within, ["here"])).toBe(false);
    expect(isOutside(within, ["here", "there"])).toBe(true);
    expect(isOutside(applied(), ["here"])).toBe(true);
    expect(isOutside(undefined, ["here"])).toBe(false);
  });

  test("one whose disk is to outlast the Server has no owner with which it would go, and is the Server's", () => {
    const server = aServer(RETAIN);
    const machine = applied({ server });
    expect(machine.metadata).not.toHaveProperty("ownerReferences");
    const again = aServer(RETAIN, undefined, { uid: "another" });
    expect([ownership(machine, server), ownership(machine, again)]).toEqual(["ours", "foreign"]);
    expect(ownership(applied(), aServer())).toBe("ours");
  });

  test("two Servers differ in UUID and hardware address, one Server never", () => {
    const ids = (name: string): unknown => {
      const { spec } = machineFor(plan({ server: aServer({}, undefined, { name }) })) as unknown as VirtualMachine;
      const { firmware, devices } = spec?.template?.spec?.domain ?? {};
      return [firmware?.uuid, devices?.interfaces?.[0]?.macAddress];
    };
    expect(ids("web-1")).toEqual(ids("web-1"));
    expect(ids("web-1")).not.toEqual(ids("web-2"));
    expect(ids("web-1")).toEqual([
      expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/),
    ]);
  });
});

describe("machineChange", () => {
  test("what was applied and added to by KubeVirt needs no write", () => {
    const current = applied();
    const grown = { ...current, spec: { ...current.spec, updateVolumesStrategy: "Replacement" } } as VirtualMachine;
    expect(machineChange(grown, machineFor(plan()))).toBe("none");
  });
  test("another wish is a wish", () => {
    expect(machineChange(applied(), machineFor(plan({ powered: false })))).toBe("wanted");
  });
  test("whether the disk is to outlast the Server is a wish, both ways, and nothing when it is so", () => {
    const [owned, unowned] = [{}, { server: aServer(RETAIN) }];
    expect(machineChange(applied(owned), machineFor(plan(unowned)))).toBe("wanted");
    expect(machineChange(applied(unowned), machineFor(plan(owned)))).toBe("wanted");
    expect(machineChange(applied(unowned), machineFor(plan(unowned)))).toBe("none");
  });
  test("a disk that is no longer wanted is seen, though all that is wanted is there", () => {
    expect(machineChange(applied({ filesRevision: "0" }), machineFor(plan()))).toBe("wanted");
  });
  test("a field that somebody else changed is drift", () => {
    const current = applied();
    const changed = { ...current, spec: { ...current.spec, runStrategy: "Manual" } } as VirtualMachine;
    expect(machineChange(changed, machineFor(plan()))).toBe("drift");
  });
  test("a volume that somebody else added is drift", () => {
    const current = applied();
    current.spec?.template?.spec?.volumes?.push({ name: "extra", emptyDisk: { capacity: "1Gi" } });
    expect(machineChange(current, machineFor(plan()))).toBe("drift");
  });
});
