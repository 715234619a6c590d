import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type WatchedStates, watchStates } from "#e2e/harness/watched-states.ts";
import { type NodeHandle, openNode } from "#e2e/node/handle.ts";
import { type Guest, openGuest } from "#e2e/node/kubevirt/guest.ts";
import { type GuestImages, serveGuestImages } from "#e2e/node/kubevirt/guest-images.ts";
import { installKubeVirt } from "#e2e/node/kubevirt/install.ts";
import { installNephele } from "#e2e/node/nephele.ts";
import { openstack } from "#e2e/node/openstack.ts";
import { persistentVolumeClaims, pods, virtualMachineInstances } from "#operator/api/foreign.ts";
import type { Image } from "#operator/api/generated/image.ts";
import type { Server, ServerSpec } from "#operator/api/generated/server.ts";
import { flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { timeText } from "#runtime/api/time.ts";

// The whole of it on real parts: Keystone, Barbican, KubeVirt, CDI, and a guest that answers.

const MINUTES = 60_000;
const OWNER = { fieldOwner: "test", force: true } as const;
const SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me";
const PASSWORD_FILE = "/etc/app/db-password";

const team = unique("real");
const small = unique("small");
const at = (name: string) => ({ namespace: team, name });
const object = (kind: string, name: string, spec: unknown) => ({
  apiVersion: "nephele.dev/v1alpha1",
  kind,
  metadata: kind === "Flavor" || kind === "Project" ? { name } : at(name),
  spec,
});

let bed: Bed;
let node: NodeHandle;
let disks: GuestImages;

beforeAll(async () => {
  const stateDir = inject("nodeStateDir");
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  await installKubeVirt(stateDir, print);
  await installNephele(stateDir, print);
  bed = await openBed(stateDir);
  node = await openNode(stateDir);
  disks = await serveGuestImages(node, print);
  const size = { cpus: 1, memory: "192Mi", disk: "128Mi" };
  await bed.kube.apply(flavors, object("Flavor", small, size), OWNER);
  const project = { domain: "Default", protected: false, onDelete: "Delete" };
  await bed.kube.apply(projects, object("Project", team, project), OWNER);
  await untilReady(bed.kube, projects, { name: team }, 2 * MINUTES);
}, 20 * MINUTES);

afterAll(async () => {
  if (bed === undefined) return;
  for (const resource of [servers, images, secrets] as readonly Resource[]) {
    for (const { metadata } of await bed.kube.list(resource, { namespace: team })) {
      await bed.kube.delete(resource, at(metadata.name));
      await untilGone(bed.kube, resource, at(metadata.name), 2 * MINUTES);
    }
  }
  await bed.kube.delete(projects, { name: team });
  await untilGone(bed.kube, projects, { name: team }, 3 * MINUTES);
  await bed.kube.delete(flavors, { name: small });
  await bed.close();
}, 10 * MINUTES);

async function image(name: string, file: string, more: object = {}): Promise<void> {
  const source = { http: { url: disks.url(file), checksum: await disks.checksum(file) } };
  await bed.kube.apply(images, object("Image", name, { source, minDisk: "128Mi", ...more }), OWNER);
}

const activeImage = (name: string): Promise<Image> =>
  eventually(
    `Image ${name} to be active`,
    async () => {
      const found = await bed.kube.get(images, at(name));
      return found?.status?.phase === "active" ? found : undefined;
    },
    { withinMs: 3 * MINUTES },
  );

const patch = (name: string, spec: Partial<ServerSpec>): Promise<unknown> =>
  bed.kube.mergePatch(servers, at(name), { spec });
const server = async (name: string): Promise<Server> => (await bed.kube.get(servers, at(name))) as Server;
const instanceOf = async (name: string): Promise<string | undefined> =>
  (await bed.kube.get(virtualMachineInstances, at(name)))?.metadata.uid;

/** Does something with a Server's guest, at the address that its status names. */
async function withGuest<T>(name: string, work: (guest: Guest) => Promise<T>): Promise<T> {
  const address = await eventually(`an address of ${name}`, async () => {
    return (await server(name)).status?.addresses?.[0]?.address;
  });
  const guest = await openGuest(node, address);
  try {
    return await work(guest);
  } finally {
    guest.close();
  }
}
const fileOf = (name: string, path: string): Promise<string> => withGuest(name, (guest) => guest.read(path));

describe("a Server on real KubeVirt", { timeout: 10 * MINUTES }, () => {
  let states: WatchedStates;
  beforeAll(async () => {
    await image("tiny", "guest.qcow2");
    await bed.kube.apply(
      secrets,
      object("Secret", "db-password", {
        type: "passphrase",
        source: { generate: { length: 32 } },
        syncTo: { name: "db-password", key: "password" },
      }),
      OWNER,
    );
    states = watchStates(bed.cluster, at("web-1"));
  });
  afterAll(() => states?.close());

  test("its Image is imported by CDI, and it boots: no SHUTOFF on the way to ACTIVE", async () => {
    expect((await activeImage("tiny")).status).toMatchObject({ checksum: await disks.checksum("guest.qcow2") });
    const spec = {
      flavorRef: { name: small },
      imageRef: { name: "tiny" },
      files: [{ path: PASSWORD_FILE, mode: "0400", secretRef: { name: "db-password" } }],
      sshKeys: [SSH_KEY],
      metadata: { role: "web" },
    };
    await bed.kube.apply(servers, object("Server", "web-1", spec), OWNER);
    const told = await states.until("ACTIVE", 5 * MINUTES);
    expect(told.filter((word) => !word.startsWith("BUILD/"))).toEqual(["ACTIVE"]);
    expect(told.length).toBeGreaterThan(1);
  });

  test("the guest answers, with its name, its keys, and the secret that Barbican holds", async () => {
    const listed = await openstack(node, team, "secret", "list", "-f", "value", "-c", "Secret href");
    const href = listed.text.trim();
    const held = await openstack(node, team, "secret", "get", "--payload", href, "-f", "value", "-c", "Payload");
    expect(held.ok).toBe(true);
    // Compared without being shown.
    expect((await fileOf("web-1", PASSWORD_FILE)) === held.text.trim()).toBe(true);
    expect(held.text.trim()).toHaveLength(32);
    expect(await fileOf("web-1", "/etc/hostname")).toBe("web-1");
    expect(await fileOf("web-1", "/root/.ssh/authorized_keys")).toBe(SSH_KEY);
    expect(JSON.parse(await fileOf("web-1", "/run/nephele/metadata.json"))).toEqual({ role: "web" });
    expect(await fileOf("web-1", "/disk/boots")).toBe("1");
    // The control: what nobody gave it is not there.
    expect(await withGuest("web-1", (guest) => guest.status("/etc/app/other"))).toBe(404);
  });

  test("stop and start: the disk stays, and stopped is Ready", async () => {
    await patch("web-1", { power: "Stopped" });
    expect(await states.until("SHUTOFF", 2 * MINUTES)).toEqual(["ACTIVE", "ACTIVE/powering-off", "SHUTOFF"]);
    await untilReady(bed.kube, servers, at("web-1"));
    await patch("web-1", { power: "Running" });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["SHUTOFF", "ACTIVE/powering-on", "ACTIVE"]);
    expect(await fileOf("web-1", "/disk/boots")).toBe("2");
  });

  test("pause and unpause: a paused guest is silent, and goes on where it was", async () => {
    await patch("web-1", { power: "Paused" });
    expect(await states.until("PAUSED", MINUTES)).toEqual(["ACTIVE", "PAUSED"]);
    expect(await withGuest("web-1", (guest) => guest.status("/disk/boots"))).toBeUndefined();
    await patch("web-1", { power: "Running" });
    expect(await states.until("ACTIVE", MINUTES)).toEqual(["PAUSED", "ACTIVE"]);
    expect(await fileOf("web-1", "/disk/boots")).toBe("2");
  });

  test("a soft reboot starts another instance on the same disk", async () => {
    const before = await instanceOf("web-1");
    await patch("web-1", { reboot: { requestedAt: timeText(new Date()), type: "Soft", hardAfter: "60s" } });
    expect(await states.until("ACTIVE", 3 * MINUTES)).toEqual(["ACTIVE", "REBOOT/rebooting", "ACTIVE"]);
    expect(await instanceOf("web-1")).not.toBe(before);
    expect(await fileOf("web-1", "/disk/boots")).toBe("3");
  });

  test("deleted, nothing of it stays", async () => {
    await bed.kube.delete(servers, at("web-1"));
    await untilGone(bed.kube, servers, at("web-1"), 3 * MINUTES);
    await eventually("the claims and pods to be gone", async () => {
      const left = [
        ...(await bed.kube.list(persistentVolumeClaims, { namespace: team })),
        ...(await bed.kube.list(pods, { namespace: team })),
      ];
      return left.every(({ metadata }) => !metadata.name.includes("web-1"));
    });
  });
});

describe("an Image that cannot be imported is killed with the importer's own reason", { timeout: 5 * MINUTES }, () => {
  const killed = (name: string, message: RegExp): Promise<Image> =>
    untilCondition(bed.kube, images, at(name), { type: "Stalled", status: "True", message }, 4 * MINUTES);

  test("a wrong checksum", async () => {
    const checksum = `sha256:${"0".repeat(64)}`;
    await image("wrong", "guest.qcow2", { source: { http: { url: disks.url("guest.qcow2"), checksum } } });
    expect((await killed("wrong", /checksum/i)).status?.phase).toBe("killed");
  });

  test("a file that is not there", async () => {
    const checksum = await disks.checksum("guest.qcow2");
    await image("missing", "guest.qcow2", { source: { http: { url: disks.url("nothing.qcow2"), checksum } } });
    expect((await killed("missing", /404/)).status?.phase).toBe("killed");
  });

  test("a minDisk that it does not fit into", async () => {
    await image("large", "guest.qcow2", { minDisk: "16Mi" });
    expect((await killed("large", /too small to contain/)).status?.phase).toBe("killed");
  });
});
