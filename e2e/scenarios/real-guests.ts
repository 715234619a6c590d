import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { type WatchedStates, watchStates } from "#e2e/harness/watched-states.ts";
import { type NodeHandle, openNode } from "#e2e/node/handle.ts";
import { type Guest, openGuest } from "#e2e/node/kubevirt/guest.ts";
import { type GuestImages, serveGuestImages } from "#e2e/node/kubevirt/guest-images.ts";
import { installKubeVirt } from "#e2e/node/kubevirt/install.ts";
import { installNephele } from "#e2e/node/nephele.ts";
import { virtualMachineInstances } from "#operator/api/foreign.ts";
import type { Image, ImageSpec } from "#operator/api/generated/image.ts";
import type { SecretSpec } from "#operator/api/generated/secret.ts";
import type { Server, ServerSpec } from "#operator/api/generated/server.ts";
import { flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";

// A Project of a test's own on the node, where nothing is played: Keystone, Barbican, KubeVirt, CDI, and guests that answer.

const MINUTES = 60_000;
const OWNER = { fieldOwner: "test", force: true } as const;
/** The least that the test guest boots with. */
const SIZE = { cpus: 1, memory: "192Mi", disk: "128Mi" } as const;

type Loose<T> = { readonly [K in keyof T]?: unknown };

export interface RealGuests {
  readonly bed: Bed;
  readonly node: NodeHandle;
  readonly disks: GuestImages;
  /** The Project and its namespace. */
  readonly team: string;
  at(name: string): { readonly namespace: string; readonly name: string };
  /** Makes a Flavor of the test's own. The guest has 192Mi where nothing is said. */
  flavor(prefix: string, spec?: object): Promise<string>;
  secret(name: string, spec: Loose<SecretSpec>): Promise<void>;
  /** An Image of a file of the server of guest images. */
  image(name: string, file?: string, spec?: Loose<ImageSpec>): Promise<void>;
  activeImage(name: string): Promise<Image>;
  /** Applies a Server; kubectl's word of its states can be watched before. */
  apply(name: string, spec: Loose<ServerSpec>): Promise<void>;
  patch(name: string, spec: Loose<ServerSpec>): Promise<void>;
  server(name: string): Promise<Server>;
  /** Waits until a Server is ACTIVE; 4 minutes where nothing is said. */
  activeServer(name: string, withinMs?: number): Promise<void>;
  /** UID of the instance that runs. */
  instance(name: string): Promise<string | undefined>;
  watch(name: string): WatchedStates;
  /** Does something with a Server's guest, at the address that its status names. */
  withGuest<T>(name: string, work: (guest: Guest) => Promise<T>): Promise<T>;
  fileOf(name: string, path: string): Promise<string>;
  /** Deletes all that was made, and waits until it is gone. */
  close(): Promise<void>;
}

/** Brings KubeVirt, CDI and Nephele to the node, or finds them there, and makes a Project. */
export async function openRealGuests(stateDir: string): Promise<RealGuests> {
  const print = (line: string): void => void process.stderr.write(`${line}\n`);
  await installKubeVirt(stateDir, print);
  await installNephele(stateDir, print);
  const node = await openNode(stateDir);
  const disks = await serveGuestImages(node, print);
  const bed = await openBed(stateDir);
  const { kube } = bed;
  const team = unique("real");
  const made: string[] = [];
  const watched: WatchedStates[] = [];
  const at = (name: string) => ({ namespace: team, name });
  const object = (kind: string, metadata: { name: string; namespace?: string }, spec: unknown) => ({
    apiVersion: "nephele.dev/v1alpha1",
    kind,
    metadata,
    spec,
  });
  const project = { domain: "Default", protected: false, onDelete: "Delete" };
  await kube.apply(projects, object("Project", { name: team }, project), OWNER);
  await untilReady(kube, projects, { name: team }, 2 * MINUTES);

  const real: RealGuests = {
    bed,
    node,
    disks,
    team,
    at,
    flavor: async (prefix, spec = {}) => {
      const name = unique(prefix);
      made.push(name);
      await kube.apply(flavors, object("Flavor", { name }, { ...SIZE, ...spec }), OWNER);
      return name;
    },
    secret: async (name, spec) => void (await kube.apply(secrets, object("Secret", at(name), spec), OWNER)),
    image: async (name, file = "guest.qcow2", spec = {}) => {
      const source = { http: { url: disks.url(file), checksum: await disks.checksum(file) } };
      await kube.apply(images, object("Image", at(name), { source, minDisk: SIZE.disk, ...spec }), OWNER);
    },
    activeImage: (name) =>
      eventually(
        `Image ${name} to be active`,
        async () => {
          const found = await kube.get(images, at(name));
          return found?.status?.phase === "active" ? found : undefined;
        },
        { withinMs: 3 * MINUTES },
      ),
    apply: async (name, spec) => void (await kube.apply(servers, object("Server", at(name), spec), OWNER)),
    patch: async (name, spec) => void (await kube.mergePatch(servers, at(name), { spec })),
    server: async (name) => {
      const found = await kube.get(servers, at(name));
      if (found === undefined) throw new Error(`there is no Server ${name}`);
      return found;
    },
    activeServer: async (name, withinMs = 4 * MINUTES) => {
      let seen: unknown;
      const isActive = async (): Promise<boolean> => {
        const { status } = await real.server(name);
        seen = status;
        return status?.state === "ACTIVE" && status.taskState === undefined;
      };
      await eventually(`Server ${name} to be ACTIVE`, isActive, { withinMs, seen: () => seen });
    },
    instance: async (name) => (await kube.get(virtualMachineInstances, at(name)))?.metadata.uid,
    watch: (name) => {
      const states = watchStates(bed.cluster, at(name));
      watched.push(states);
      return states;
    },
    withGuest: async (name, work) => {
      const address = await eventually(`an address of ${name}`, async () => {
        return (await real.server(name)).status?.addresses?.[0]?.address;
      });
      const guest = await openGuest(node, address);
      try {
        return await work(guest);
      } finally {
        guest.close();
      }
    },
    fileOf: (name, path) => real.withGuest(name, (guest) => guest.read(path)),
    close: async () => {
      for (const states of watched) await states.close();
      for (const resource of [servers, images, secrets] as readonly Resource[]) {
        const left = await kube.list(resource, { namespace: team });
        for (const { metadata } of left) await kube.delete(resource, at(metadata.name));
        for (const { metadata } of left) await untilGone(kube, resource, at(metadata.name), 3 * MINUTES);
      }
      await kube.delete(projects, { name: team });
      await untilGone(kube, projects, { name: team }, 3 * MINUTES);
      for (const name of made) await kube.delete(flavors, { name });
      await bed.close();
    },
  };
  return real;
}
