import { describe, expect, test } from "vitest";
import { settled } from "#runtime/controller/outcome.ts";
import { aMachine, anInstance, aServer, aVolume, CREATED } from "../fixtures.ts";
import type { ServerScope } from "../scope.ts";
import { rebootOnce, removeOldDisks } from "./instance.ts";

/** A reboot whose former guest is gone, in a Project that is enabled or not; what is left of it after a pass. */
async function rebooting(enabled: boolean): Promise<ServerScope> {
  const reboot = { requestedAt: CREATED, type: "Soft", startedAt: CREATED, instance: "uid-former" } as const;
  const server = aServer({ reboot: { requestedAt: CREATED, type: "Soft", hardAfter: "60s" } }, { reboot });
  const scope = {
    context: { object: server, now: new Date(CREATED) },
    key: { namespace: "team-a", name: "web-1" },
    project: { metadata: { name: "team-a" }, spec: { enabled } },
    machine: aMachine(enabled ? "Always" : "Halted"),
    instance: undefined,
  } as unknown as ServerScope;
  // Nothing is held up: what comes after it says what is awaited.
  expect(await rebootOnce(scope)).toEqual(settled());
  return scope;
}

test("a reboot between two guests goes on, and is over where the Project has been disabled", async () => {
  expect((await rebooting(true)).reboot?.reboot?.doneAt).toBeUndefined();
  expect((await rebooting(false)).reboot?.reboot?.doneAt).toBeDefined();
});

describe("root disks of before a rebuild", () => {
  const OWNED = [
    { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name: "web-1", uid: aMachine("Always").metadata.uid },
  ];

  /** Those that are deleted, of disks by generation and phase, where the last is wanted and a guest runs on one of them. */
  async function deleted(phases: readonly string[], running?: number): Promise<readonly string[]> {
    const volumes = phases.map((phase, at) => {
      const volume = aVolume(phase);
      return { ...volume, metadata: { ...volume.metadata, name: `web-1-root-${at + 1}`, ownerReferences: OWNED } };
    });
    const names: string[] = [];
    const instance = {
      ...anInstance("Running"),
      spec: { domain: {}, volumes: [{ name: "root", dataVolume: { name: `web-1-root-${running}` } }] },
    };
    const cache = {
      byIndex: () => volumes,
      get: (_kind: unknown, { name }: { readonly name: string }) =>
        volumes.find(({ metadata }) => metadata.name === name),
    };
    const kube = { delete: async (_kind: unknown, { name }: { readonly name: string }) => void names.push(name) };
    await removeOldDisks({
      context: { object: aServer(), cache, kube },
      key: { namespace: "team-a", name: "web-1" },
      machine: aMachine("Always"),
      disk: { generation: phases.length, volume: `web-1-root-${phases.length}` },
      instance: running === undefined ? undefined : instance,
    } as unknown as ServerScope);
    return names;
  }

  test("go when the new one is made, but the one that a guest runs on", async () => {
    expect(await deleted(["Succeeded", "Succeeded"])).toEqual(["web-1-root-1"]);
    expect(await deleted(["Succeeded", "Succeeded"], 1)).toEqual([]);
  });

  test("stay while it is being made, but those that nobody waits for any more: they do not pile up", async () => {
    expect(await deleted(["Succeeded", "CloneInProgress"], 1)).toEqual([]);
    expect(await deleted(["Succeeded", "CloneInProgress", "Pending", "CloneInProgress"], 1)).toEqual([
      "web-1-root-2",
      "web-1-root-3",
    ]);
  });
});
