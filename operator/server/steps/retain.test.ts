import { describe, expect, test } from "vitest";
import { dataVolumes } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import type { KubeObject, ObjectKey, ObjectMeta } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { aFlavor, anImage, aServer, aVolume } from "../fixtures.ts";
import { machineFor } from "../machine.ts";
import { diskFrom } from "../root-disk.ts";
import type { ServerScope } from "../scope.ts";
import { endMachine } from "./retain.ts";

type OnDelete = Server["spec"]["rootDisk"]["onServerDelete"];
type Propagation = "Background" | "Foreground" | "Orphan";
type Meta = { -readonly [K in keyof ObjectMeta]?: ObjectMeta[K] };

class Killed extends Error {}

const serverThat = (onServerDelete: OnDelete): Server => aServer({ rootDisk: { onServerDelete } });
const now = "2026-11-26T10:00:00Z";

/** A machine with its disks, and what Kubernetes does with them by finalizers and owners. */
class World {
  machine: Meta | undefined;
  readonly volumes = new Map<string, { readonly metadata: Meta; readonly phase: string }>();
  #writes = 0;
  #killedAfter = 0;

  /** @param phases of the disks, one for each build; the machine has the last */
  constructor(made: OnDelete, phases: readonly string[] = ["Succeeded"]) {
    const server = serverThat(made);
    const disk = diskFrom(server, anImage(), phases.length, "5Gi");
    const powered = { powered: true, userData: { inline: "" }, filesRevision: undefined } as const;
    const plan = { server, installationId: "local", flavor: aFlavor(), disk, boundaries: [], ...powered };
    this.machine = { ...structuredClone(machineFor(plan).metadata), uid: "uid-machine" };
    const owner = { apiVersion: "kubevirt.io/v1", kind: "VirtualMachine", name: "web-1", uid: "uid-machine" };
    for (const [at, phase] of phases.entries()) {
      const name = `web-1-root-${at + 1}`;
      this.volumes.set(name, { phase, metadata: { ...aVolume(phase).metadata, name, ownerReferences: [owner] } });
    }
  }

  /** The disk of the first build. */
  get volume(): Meta | undefined {
    return this.volumes.get("web-1-root-1")?.metadata;
  }

  /** Passes of the cleanup, of which the first is killed after its n-th write; 0 for none. */
  async cleanUp(says: OnDelete, killedAfter = 0): Promise<void> {
    [this.#writes, this.#killedAfter] = [0, killedAfter];
    for (let pass = 0; pass < 10; pass += 1) {
      const outcome = await this.pass(says);
      if (outcome === "settled") return;
    }
    throw new Error("the cleanup does not end");
  }

  async pass(says: OnDelete): Promise<string> {
    const kube = {
      get: async (resource: Resource, key: ObjectKey) => this.#read(resource, key),
      mergePatch: async (resource: Resource, key: ObjectKey, patch: { readonly metadata: Meta }) => {
        const current = this.#meta(resource, key);
        if (current === undefined) return undefined;
        Object.assign(current, patch.metadata);
        return this.#written(resource, key);
      },
      delete: async (resource: Resource, key: ObjectKey) => {
        const current = this.#meta(resource, key);
        if (current !== undefined) current.deletionTimestamp = now;
        return this.#written(resource, key);
      },
    };
    const cache = { byIndex: () => [...this.volumes.keys()].map((name) => this.#read(dataVolumes, { name })) };
    const context = { object: serverThat(says), kube, cache, event: () => undefined };
    const scope = { context, key: { namespace: "team-a", name: "web-1" } } as unknown as ServerScope;
    try {
      return (await endMachine(scope)).kind;
    } catch (error) {
      if (error instanceof Killed) return "killed";
      throw error;
    }
  }

  /** What Kubernetes does when the Server is deleted, before any pass of ours. */
  deleteServer(propagation: Propagation): void {
    const isOwned = this.machine?.ownerReferences?.some(({ uid }) => uid === "uid-web-1") === true;
    if (this.machine === undefined || !isOwned || propagation === "Background") return;
    if (propagation === "Orphan") this.machine.ownerReferences = [];
    else {
      this.machine = undefined;
      this.volumes.clear();
    }
  }

  /** And when it is gone. */
  collect(): void {
    if (this.machine?.ownerReferences?.some(({ uid }) => uid === "uid-web-1") === true)
      this.machine.deletionTimestamp = now;
    this.#finish();
  }

  #meta({ plural }: Resource, { name }: ObjectKey): Meta | undefined {
    return plural === dataVolumes.plural ? this.volumes.get(name)?.metadata : this.machine;
  }

  #read(resource: Resource, key: ObjectKey): KubeObject | undefined {
    const metadata = this.#meta(resource, key);
    const status = { phase: this.volumes.get(key.name)?.phase };
    return metadata && ({ metadata: structuredClone(metadata), status } as unknown as KubeObject);
  }

  #written(resource: Resource, key: ObjectKey): KubeObject | undefined {
    this.#finish();
    this.#writes += 1;
    if (this.#writes === this.#killedAfter) throw new Killed();
    return this.#read(resource, key);
  }

  /** What is being deleted and held by nobody is gone, and with it what it owns. */
  #finish(): void {
    const { deletionTimestamp, finalizers = [] } = this.machine ?? {};
    if (deletionTimestamp === undefined || finalizers.length > 0) return;
    this.machine = undefined;
    for (const [name, { metadata }] of this.volumes)
      if (metadata.ownerReferences?.length !== 0) this.volumes.delete(name);
  }
}

const KILLS = [0, 1, 2, 3, 4];

describe("a disk that is to outlast its Server", () => {
  test.each(
    (["Background", "Foreground", "Orphan"] as const).flatMap((how) => KILLS.map((kill) => [how, kill] as const)),
  )("does, deleted by propagation %s and killed after write %i, and the machine goes", async (how, kill) => {
    const world = new World("Retain");
    world.deleteServer(how);
    await world.cleanUp("Retain", kill);
    world.collect();
    expect(world.machine).toBeUndefined();
    const labels = { "nephele.dev/retained-from": "web-1" };
    // As large as the machine says that it has become: by this it is counted from now on.
    expect(world.volume).toMatchObject({
      ownerReferences: [],
      labels,
      annotations: { "nephele.dev/disk-size": "5Gi" },
    });
  });

  test.each(KILLS)("does where the machine has an owner still, killed after write %i", async (kill) => {
    const world = new World("Delete");
    world.deleteServer("Background");
    await world.cleanUp("Retain", kill);
    world.collect();
    expect([world.machine, world.volume?.ownerReferences]).toEqual([undefined, []]);
  });
});

describe("a Server that is deleted in the middle of a rebuild, and keeps its disk,", () => {
  test.each(
    [
      ["the new disk where that is made", ["Succeeded", "Succeeded"], ["web-1-root-2"]],
      ["the former where the new one is half made", ["Succeeded", "CloneInProgress"], ["web-1-root-1"]],
      ["the former where the new one waits for a guest", ["Succeeded", "WaitForFirstConsumer"], ["web-1-root-1"]],
      ["the last that was made", ["Succeeded", "Failed", "CloneInProgress"], ["web-1-root-1"]],
    ].flatMap((row) => KILLS.map((kill) => [...row, kill] as [string, string[], string[], number])),
  )("keeps %s (%j: %j), killed after write %i", async (_, phases, kept, kill) => {
    const world = new World("Retain", phases);
    world.deleteServer("Background");
    await world.cleanUp("Retain", kill);
    world.collect();
    expect(world.machine).toBeUndefined();
    expect([...world.volumes.keys()]).toEqual(kept);
  });
});

describe("a disk that is to go with its Server", () => {
  test.each(
    (["Background", "Foreground"] as const).flatMap((how) =>
      (["Retain", "Delete"] as const).flatMap((made) => KILLS.map((kill) => [how, made, kill] as const)),
    ),
  )("does, deleted by propagation %s, its machine made for %s, killed after write %i", async (how, made, kill) => {
    const world = new World(made);
    world.deleteServer(how);
    await world.cleanUp("Delete", kill);
    world.collect();
    expect([world.machine, world.volume]).toEqual([undefined, undefined]);
  });

  test.each([1, 2])(
    "does where that is said after %i passes that would keep it, and holds up nothing",
    async (passes) => {
      const world = new World("Retain");
      for (let pass = 0; pass < passes; pass += 1) await world.pass("Retain");
      await world.cleanUp("Delete");
      world.collect();
      expect(world.machine).toBeUndefined();
    },
  );

  test("and nothing of what somebody asked Kubernetes to leave is taken", async () => {
    const world = new World("Delete");
    world.deleteServer("Orphan");
    await world.cleanUp("Delete");
    world.collect();
    expect([world.machine?.deletionTimestamp, world.volume?.deletionTimestamp]).toEqual([undefined, undefined]);
    expect(world.machine).toBeDefined();
  });
});
