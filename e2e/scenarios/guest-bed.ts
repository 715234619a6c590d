import { type Bed, unique } from "#e2e/harness/bed.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventsAbout } from "#e2e/harness/events.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import {
  dataVolumes,
  persistentVolumeClaims,
  pods,
  type VirtualMachineInstance,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Flavor } from "#operator/api/generated/flavor.ts";
import type { Image, ImageSpec } from "#operator/api/generated/image.ts";
import type { ProjectSpec } from "#operator/api/generated/project.ts";
import type { Server, ServerSpec } from "#operator/api/generated/server.ts";
import { flavors, images, projects, servers } from "#operator/api/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import { timeText } from "#runtime/api/time.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { openProjectBed, type ProjectBed } from "./project-bed.ts";

// What a node would do is played here, and nothing else: volumes that exist, an importer's or cloner's end, and the
// status of launcher pods and instances as kubelet and virt-handler write them. CDI's and KubeVirt's controllers are real.

const persistentVolumes = defineResource({
  group: "",
  version: "v1",
  plural: "persistentvolumes",
  kind: "PersistentVolume",
  namespaced: false,
});
const OWNER = { fieldOwner: "test", force: true } as const;
const CHECKSUM = `sha256:${"0".repeat(64)}`;
export const HTTP_IMAGE = {
  source: { http: { url: "http://images.example.org/disk.qcow2", checksum: CHECKSUM } },
  minDisk: "1Gi",
} as const;

type Loose<T> = { readonly [K in keyof T]?: unknown };

/** A Project of a test's own, and what is in its namespace. */
export interface Tenant {
  readonly name: string;
  image(name: string, spec?: Loose<ImageSpec>): Promise<Image>;
  /** Plays the import of an Image that is there to its end. */
  imported(name: string): Promise<Image>;
  /** Makes an Image and plays its import to its end. */
  activeImage(name: string, spec?: Loose<ImageSpec>): Promise<Image>;
  /** Has an Image's importer fail for the third time with these words. */
  importerFails(name: string, message: string): Promise<void>;
  server(name: string, spec?: Loose<ServerSpec>): Promise<Server>;
  /** A Server that runs: its disk is copied and its guest is up, both played. */
  runningServer(name: string, spec?: Loose<ServerSpec>): Promise<Server>;
  patchServer(name: string, spec: Loose<ServerSpec>): Promise<void>;
  /** Reasons of the events about an object. */
  events(kind: string, name: string): Promise<readonly string[]>;
  /** Ends the copy into a root disk. */
  copied(volume: string): Promise<void>;
  /** Takes a Server's next guest, another than `not`, up to Running. */
  boot(name: string, not?: string): Promise<VirtualMachineInstance>;
}

export interface GuestBed extends ProjectBed {
  flavor(name: string, spec?: Loose<Flavor["spec"]>): Promise<string>;
  tenant(spec?: Partial<ProjectSpec>): Promise<Tenant>;
  /** The node's part in a namespace that is there already. */
  tenantIn(namespace: string): Tenant;
  project(name: string, spec: Partial<ProjectSpec>): Promise<void>;
}

export async function openGuestBed(): Promise<GuestBed> {
  const bed = await openProjectBed();
  const handler = await virtHandler(bed);
  const made = new Set<string>();
  const volumes = new Set<string>();
  const tenants = new Set<string>();
  return {
    ...bed,
    flavor: async (prefix, spec = {}) => {
      const name = unique(prefix);
      made.add(name);
      const wanted = { cpus: 1, memory: "64Mi", disk: "1Gi", ...spec };
      await bed.kube.apply(
        flavors,
        { apiVersion: "nephele.dev/v1alpha1", kind: "Flavor", metadata: { name }, spec: wanted },
        OWNER,
      );
      return name;
    },
    tenant: async (spec) => {
      const name = unique("guest");
      tenants.add(name);
      await bed.ready(name, spec);
      return tenantOf(bed.kube, handler, name, volumes);
    },
    tenantIn: (namespace) => tenantOf(bed.kube, handler, namespace, volumes),
    project: async (name, spec) => void (await bed.apply(name, spec)),
    close: async () => {
      // Before their namespaces, so that a Project that goes finds nothing to wait for.
      await Promise.all([...tenants].map((namespace) => empty(bed.kube, namespace)));
      // A namespace of many kinds takes Kubernetes longer than one of few.
      await Promise.all([...tenants].map((name) => bed.kube.delete(projects, { name })));
      await Promise.all([...tenants].map((name) => untilGone(bed.kube, projects, { name }, 150_000)));
      for (const name of made) await bed.kube.delete(flavors, { name });
      for (const name of volumes) await bed.kube.delete(persistentVolumes, { name });
      await bed.close();
    },
  };
}

/** Deletes what holds other things, and waits until it is gone. */
async function empty(kube: KubeClient, namespace: string): Promise<void> {
  for (const resource of [servers, images, virtualMachines, dataVolumes]) {
    const all = await kube.list<KubeObject>(resource, { namespace });
    await Promise.all(
      all.map(async ({ metadata: { name } }) => {
        await kube.delete(resource, { namespace, name });
        await untilGone(kube, resource, { namespace, name });
      }),
    );
  }
}

/** Somebody who may say what virt-handler says: KubeVirt lets nobody but its own accounts write an instance's status. */
export const virtHandler = (bed: Bed): Promise<KubeClient> =>
  bed.as("system:serviceaccount:kubevirt:kubevirt-controller", ["system:masters"]);

/**
 * A Project that is there.
 * @param handler see {@link virtHandler}
 * @param volumes gets the names of the volumes that are made
 */
export function tenantOf(
  kube: KubeClient,
  handler: KubeClient,
  namespace: string,
  volumes: Set<string> = new Set(),
): Tenant {
  const at = (name: string) => ({ namespace, name });

  /** A volume that the claim of this name will be bound to. */
  const offer = async (claim: string): Promise<void> => {
    const name = `${namespace}-${claim}`;
    volumes.add(name);
    const spec = {
      capacity: { storage: "20Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "played",
      persistentVolumeReclaimPolicy: "Retain",
      claimRef: { namespace, name: claim },
      hostPath: { path: `/nowhere/${name}` },
    };
    await kube.apply(
      persistentVolumes,
      { apiVersion: "v1", kind: "PersistentVolume", metadata: { name }, spec },
      OWNER,
    );
  };
  const bound = async (claim: string): Promise<void> => {
    await eventually(`claim ${claim} to be bound`, async () => {
      return (await kube.get(persistentVolumeClaims, at(claim)))?.status?.phase === "Bound";
    });
  };

  /** What kubelet says of an importer. */
  const importerIs = async (image: string, phase: string, says: object): Promise<void> => {
    const key = at(`importer-${image}`);
    await eventually(`the importer of ${image}`, () => kube.get(pods, key));
    const status = { name: "importer", image: "x", imageID: "x", ready: false, ...says };
    await kube.mergePatch(pods, key, { status: { phase, containerStatuses: [status] } }, "status");
  };

  const tenant: Tenant = {
    name: namespace,
    image: (name, spec = {}) =>
      kube.apply(
        images,
        { apiVersion: "nephele.dev/v1alpha1", kind: "Image", metadata: at(name), spec: { ...HTTP_IMAGE, ...spec } },
        OWNER,
      ),
    activeImage: async (name, spec) => {
      await tenant.image(name, spec);
      return tenant.imported(name);
    },
    imported: async (name) => {
      await offer(name);
      await bound(name);
      await importerIs(name, "Succeeded", {
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: "Completed", message: "Import Complete" } },
      });
      return eventually(`Image ${name} to be active`, async () => {
        const image = await kube.get(images, at(name));
        return image?.status?.phase === "active" ? image : undefined;
      });
    },
    importerFails: async (name, message) => {
      const terminated = { exitCode: 1, reason: "Error", message };
      await importerIs(name, "Running", { restartCount: 3, state: { terminated }, lastState: { terminated } });
    },
    server: async (name, spec = {}) => {
      const wanted = { ...spec };
      return kube.apply(
        servers,
        { apiVersion: "nephele.dev/v1alpha1", kind: "Server", metadata: at(name), spec: wanted },
        OWNER,
      );
    },
    runningServer: async (name, spec) => {
      await tenant.server(name, spec);
      await tenant.copied(`${name}-root-1`);
      await tenant.boot(name);
      return untilReady(kube, servers, at(name));
    },
    patchServer: async (name, spec) => void (await kube.mergePatch(servers, at(name), { spec })),
    events: async (kind, name) => (await eventsAbout(kube, kind, at(name))).map(({ reason }) => reason),
    copied: async (volume) => {
      await offer(volume);
      await bound(volume);
      // CDI keeps the cloner's phase on the claim; without a node there is no cloner.
      const annotations = {
        "cdi.kubevirt.io/storage.pod.phase": "Succeeded",
        "cdi.kubevirt.io/storage.cloneOf": "true",
      };
      await kube.mergePatch(persistentVolumeClaims, at(volume), { metadata: { annotations } });
    },
    boot: (name, not) => boot(kube, handler, namespace, name, not),
  };
  return tenant;
}

async function boot(
  kube: KubeClient,
  handler: KubeClient,
  namespace: string,
  name: string,
  not?: string,
): Promise<VirtualMachineInstance> {
  const key = { namespace, name };
  const inPhase = (phase: string): Promise<VirtualMachineInstance> =>
    eventually(`the instance of ${name} to be ${phase}`, async () => {
      const found = await kube.get(virtualMachineInstances, key);
      return found?.status?.phase === phase && found.metadata.uid !== not ? found : undefined;
    });
  const { metadata } = await inPhase("Scheduling");
  const launcher = await eventually(`the launcher of ${name}`, async () => {
    const found = await kube.list(pods, { namespace, labelSelector: `kubevirt.io/created-by=${metadata.uid}` });
    return found.find(({ spec }) => spec?.nodeName !== undefined);
  });
  const now = timeText(new Date());
  const isTrue = ["Ready", "ContainersReady", "PodScheduled"].map((type) => ({ type, status: "True" }));
  const compute = {
    name: "compute",
    image: "x",
    imageID: "x",
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: now } },
  };
  const status = {
    phase: "Running",
    podIP: "10.0.0.9",
    podIPs: [{ ip: "10.0.0.9" }],
    conditions: isTrue,
    containerStatuses: [compute],
  };
  await kube.mergePatch(pods, { namespace, name: launcher.metadata.name }, { status }, "status");
  await inPhase("Scheduled");
  const guest = {
    phase: "Running",
    nodeName: launcher.spec?.nodeName,
    interfaces: [{ name: "default", ipAddress: "10.0.0.9", ipAddresses: ["10.0.0.9"], mac: "02:00:00:00:00:01" }],
    phaseTransitionTimestamps: ["Scheduled", "Running"].map((phase) => ({ phase, phaseTransitionTimestamp: now })),
  };
  await handler.mergePatch(virtualMachineInstances, key, { status: guest });
  return inPhase("Running");
}
