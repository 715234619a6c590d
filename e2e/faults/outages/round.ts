import { operatorSettings } from "#e2e/clients/operator-clients.ts";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { GuestBed, Tenant } from "#e2e/scenarios/guest-bed.ts";
import { CLOUD } from "#e2e/scenarios/project-bed.ts";
import { dataVolumes, virtualMachines } from "#operator/api/foreign.ts";
import { clouds, flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import type { KubeObject, ObjectKey } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";

const OWNER = { fieldOwner: "test", force: true } as const;
const API_VERSION = "nephele.dev/v1alpha1";
/** Keystone and Barbican come back to the operator after its longest back-off, 30 s. */
const RECOVERY_MS = 60_000;

/** What all rounds of an outage share: objects that are there before and stay. */
export interface Stage {
  readonly bed: GuestBed;
  readonly tenant: Tenant;
  readonly flavor: string;
  /** The Keystone project of the tenant. */
  readonly projectId: string;
}

/** One outage: an object of each kind is made, one changed and one deleted while something is away. */
export interface Round {
  /** Before: makes what will be changed and deleted, and waits for it. */
  prepare(): Promise<void>;
  /** Meanwhile. */
  act(): Promise<void>;
  /** Afterwards: waits until all of it has come about. */
  finished(): Promise<void>;
  /** Afterwards: there is one thing outside for each object, and none for those that are gone. */
  nothingDoubled(): Promise<void>;
  /** At the end: takes away what no Project takes along. */
  close(): Promise<void>;
  /** An object that this round made meanwhile. */
  made<T extends KubeObject>(resource: Resource<T>): ObjectKey;
}

export function openRound(stage: Stage, round: string): Round {
  const { bed, tenant, flavor } = stage;
  const { kube } = bed;
  const [old, changed, fresh] = [`old-${round}`, `changed-${round}`, `new-${round}`];
  const outside = (name: string): string => `${tenant.name}-${name}`;
  const within = (name: string): ObjectKey => ({ namespace: tenant.name, name });
  const inSystem = (name: string): ObjectKey => ({ namespace: CLOUD.namespace, name: outside(name) });
  const guest = { flavorRef: { name: flavor }, imageRef: { name: "disk" }, rootDisk: { size: "1Gi" } };

  const secret = (name: string, more: object = {}): Promise<unknown> => {
    const spec = { type: "passphrase", source: { generate: { length: 32 } }, protected: false, ...more };
    return kube.apply(secrets, { apiVersion: API_VERSION, kind: "Secret", metadata: within(name), spec }, OWNER);
  };
  const cloud = (name: string, isProtected: boolean): Promise<unknown> => {
    const { identityUrl, keyManagerUrl, region } = operatorSettings();
    const credentialsSecretRef = { name: "keystone-operator" };
    const spec = {
      region,
      identity: { external: { url: identityUrl, credentialsSecretRef } },
      keyManager: { external: { url: keyManagerUrl } },
      protected: isProtected,
    };
    return kube.apply(clouds, { apiVersion: API_VERSION, kind: "Cloud", metadata: inSystem(name), spec }, OWNER);
  };
  const newFlavor = (name: string): Promise<unknown> =>
    kube.apply(
      flavors,
      {
        apiVersion: API_VERSION,
        kind: "Flavor",
        metadata: { name: outside(name) },
        spec: { cpus: 1, memory: "64Mi", disk: "1Gi" },
      },
      OWNER,
    );
  const removeOutsiders = async (name: string): Promise<void> => {
    await kube.delete(projects, { name: outside(name) });
    await kube.delete(flavors, { name: outside(name) });
    await kube.delete(clouds, inSystem(name));
  };

  return {
    made: (resource) => {
      if (resource.kind === "Cloud") return inSystem(fresh);
      return resource.namespaced ? within(fresh) : { name: outside(fresh) };
    },
    prepare: async () => {
      for (const name of [old, changed]) {
        await bed.project(outside(name), {});
        await secret(name);
        await cloud(name, false);
        await tenant.image(name);
        await tenant.server(name, guest);
      }
      // A Flavor never changes.
      await newFlavor(old);
      for (const name of [old, changed]) {
        await untilReady(kube, projects, { name: outside(name) });
        await untilReady(kube, secrets, within(name));
        await untilReady(kube, clouds, inSystem(name));
        await there(kube, dataVolumes, within(name));
        await there(kube, virtualMachines, within(name));
      }
      await untilReady(kube, flavors, { name: outside(old) });
    },
    act: async () => {
      await bed.project(outside(fresh), {});
      await secret(fresh);
      await cloud(fresh, false);
      await newFlavor(fresh);
      await tenant.image(fresh);
      await tenant.server(fresh, guest);

      await bed.project(outside(changed), { description: `changed in round ${round}` });
      await secret(changed, { access: { project: false } });
      await cloud(changed, true);
      await kube.mergePatch(images, within(changed), {
        spec: { visibility: "Shared", sharedWith: [outside(changed)] },
      });
      await tenant.patchServer(changed, { metadata: { round } });

      await removeOutsiders(old);
      for (const resource of [servers, images, secrets]) await kube.delete(resource, within(old));
    },
    finished: async () => {
      for (const name of [fresh, changed]) {
        await untilReady(kube, projects, { name: outside(name) }, RECOVERY_MS);
        await untilReady(kube, secrets, within(name), RECOVERY_MS);
        await untilReady(kube, clouds, inSystem(name), RECOVERY_MS);
      }
      await untilReady(kube, flavors, { name: outside(fresh) }, RECOVERY_MS);
      await eventually("the shared Image's right", async () =>
        (await kube.get(images, within(changed)))?.status?.sharedWith?.includes(outside(changed)),
      );
      for (const name of [fresh, changed]) await settled(kube, servers, within(name));
      await there(kube, dataVolumes, within(fresh));
      await there(kube, virtualMachines, within(fresh));

      await untilGone(kube, projects, { name: outside(old) }, RECOVERY_MS);
      await untilGone(kube, flavors, { name: outside(old) }, RECOVERY_MS);
      await untilGone(kube, clouds, inSystem(old), RECOVERY_MS);
      for (const resource of [servers, images, secrets]) await untilGone(kube, resource, within(old), RECOVERY_MS);
      for (const resource of [virtualMachines, dataVolumes]) await untilGone(kube, resource, within(old), RECOVERY_MS);
    },
    close: async () => {
      await cloud(changed, false);
      for (const name of [old, changed, fresh]) await removeOutsiders(name);
      for (const name of [old, changed, fresh]) await untilGone(kube, clouds, inSystem(name), RECOVERY_MS);
    },
    nothingDoubled: () => compareOutside(stage, { kept: [fresh, changed].map(outside), gone: [outside(old)] }),
  };
}

/** Every Keystone project, robot and Barbican secret belongs to one object, and every object has its own. */
async function compareOutside(
  { bed, tenant, projectId }: Stage,
  projectNames: { readonly kept: readonly string[]; readonly gone: readonly string[] },
): Promise<void> {
  const keystone = bed.cloud.keystone();
  const found: Record<string, unknown> = {};
  const wanted: Record<string, unknown> = {};
  for (const name of [...projectNames.kept, ...projectNames.gone]) {
    const kept = projectNames.kept.includes(name);
    const ids = (await keystone.projects.listByTag(`nephele:local:${name}`)).map(({ id }) => id);
    const robots = await keystone.users.listByPrefix(bed.domain.id, `nephele-local-${name}-`);
    const status = (await bed.kube.get(projects, { name }))?.status;
    found[`Keystone projects of ${name}`] = ids;
    wanted[`Keystone projects of ${name}`] = kept ? [status?.id] : [];
    found[`robots of ${name}`] = robots.map(({ name: robot }) => robot);
    wanted[`robots of ${name}`] = kept ? [status?.credentials?.name] : [];
  }
  const listed: string[] = [];
  for await (const { id } of bed.cloud.project(projectId).barbican.secrets.list()) listed.push(id);
  const objects = await bed.kube.list(secrets, { namespace: tenant.name });
  found["Barbican secrets"] = listed.sort();
  wanted["Barbican secrets"] = objects
    .flatMap(({ status }) => status?.versions?.map(({ refs }) => refs.secret.split("/").pop() ?? "") ?? [])
    .sort();
  const differs = Object.keys(wanted).filter((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
  if (differs.length === 0) return;
  const lines = differs.map((key) => `${key}: ${JSON.stringify(found[key])}, not ${JSON.stringify(wanted[key])}`);
  throw new Error(lines.join("\n"));
}

function there(kube: GuestBed["kube"], resource: Resource, key: ObjectKey): Promise<KubeObject> {
  return eventually(`${resource.kind} ${key.name}`, () => kube.get(resource, key), { withinMs: RECOVERY_MS });
}

/** The status speaks of the present spec and of no trouble. A Server without a node builds on, which is no trouble. */
async function settled(kube: GuestBed["kube"], resource: typeof servers, key: ObjectKey): Promise<void> {
  let seen: unknown;
  await eventually(
    `${resource.kind} ${key.name} to be looked after`,
    async () => {
      const object = await kube.get(resource, key);
      seen = object?.status?.conditions;
      return (
        object?.status?.observedGeneration === object?.metadata.generation &&
        object?.status?.conditions?.every(({ reason }) => reason !== "TransientError") === true
      );
    },
    { seen: () => seen, withinMs: RECOVERY_MS },
  );
}
