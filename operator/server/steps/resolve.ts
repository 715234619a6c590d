import { hadBy, imageKey, imageSize, isBuilt, isOverQuota, NOTHING, QUOTA_EXCEEDED } from "#operator/amounts.ts";
import { dataVolumes, persistentVolumeClaims, services, virtualMachines } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { FLAVOR_ANNOTATION } from "#operator/api/marks.ts";
import { flavors, images } from "#operator/api/resources.ts";
import { takenByLeftovers } from "#operator/leftovers.ts";
import { hasVolume, quotaContents } from "#operator/quota-contents.ts";
import { keyText } from "#runtime/api/object.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { flavorOfServer, imageOfServer } from "../dependencies.ts";
import { flavorKept, type MachineFlavor } from "../machine-flavor.ts";
import { keyOfServer, ownership } from "../names.ts";
import { type QuotaWorld, quotaVerdict } from "../quota.ts";
import { type DiskPlan, diskFrom, diskSize, holderOf, planDisk, type RootDisk } from "../root-disk.ts";
import type { ServerScope } from "../scope.ts";
import { visibleTo } from "../visibility.ts";

/** How often claims, which are not watched, are looked at while one is in the way. */
const CLAIM_POLL_MS = 5_000;
/** How often a name is tried again that somebody else's object has. */
const TAKEN_POLL_MS = 60_000;

/** The name is ours to use: no machine of it is somebody else's, and no Service when the machine is to be made. */
export async function checkName(scope: ServerScope): Promise<Outcome> {
  const { stranger, context, key, machine } = scope;
  if (stranger === undefined) return (machine === undefined ? takenService(scope) : undefined) ?? settled();
  if (ownership(stranger, context.object) === "leaving")
    return waiting(`VirtualMachine ${keyText(key)}, which is being deleted, to go`);
  return invalid(
    "metadata.name",
    `VirtualMachine ${keyText(key)} exists and is not of this Server: choose another name, or delete it`,
  );
}

/** What stands in the way of the Service that is the Server's name in DNS. */
export function takenService({ context, key }: ServerScope): Outcome | undefined {
  const current = context.cache.get(services, key);
  const owner = current === undefined ? "ours" : ownership(current, context.object);
  if (owner === "ours") return undefined;
  if (owner === "leaving") return waiting(`Service ${key.name} of an earlier Server to go`);
  const problem = `Service ${keyText(key)} exists and is not of this Server, whose name in DNS needs it`;
  return invalid("metadata.name", `${problem}: delete it, or choose another name`);
}

export async function resolveProject({ project, key }: ServerScope): Promise<Outcome> {
  if (project !== undefined) return settled();
  return waiting(`a Project that has the namespace ${key.namespace}`);
}

export async function resolveFlavor(scope: ServerScope): Promise<Outcome> {
  const { context } = scope;
  const found = await context.require(flavorOfServer);
  if (!found.ready) return holdFlavor(scope, found.outcome);
  const flavor = found.objects[0];
  if (flavor === undefined) return waiting(`Flavor ${context.object.spec.flavorRef.name}`);
  scope.flavor = flavor;
  return settled();
}

/**
 * A machine that is there goes on with the Flavor that it has, also where that is gone: it can still be stopped, started
 * and rebooted.
 */
export function holdFlavor(scope: ServerScope, outcome: Outcome): Outcome {
  const kept = flavorKept(scope.machine);
  if (kept === undefined) return outcome;
  scope.flavor = scope.context.cache.get(flavors, { name: kept.metadata.name }) ?? kept;
  scope.held = outcome;
  return settled();
}

/** Which root disk the machine is to have: the one that is there, perhaps larger, or one made from the Image. */
export async function resolveDisk(scope: ServerScope): Promise<Outcome> {
  const { context, recorded, flavor } = scope;
  const server = context.object;
  if (flavor === undefined) return waiting(`Flavor ${server.spec.flavorRef.name}`);
  const outcome = await planned(scope, planDisk(server, recorded), flavor);
  if (outcome.kind === "settled" || recorded === undefined) return outcome;
  // The machine goes on as it is: with the disk that it has, and with the Flavor that this is large enough for.
  scope.disk = recorded;
  return holdFlavor(scope, scope.held ?? outcome);
}

async function planned(scope: ServerScope, plan: DiskPlan, flavor: MachineFlavor): Promise<Outcome> {
  switch (plan.kind) {
    case "refused":
      return invalid(plan.field, plan.problem);
    case "keep": {
      const size = diskSize(scope.context.object, flavor, plan.disk.size, "the disk that is there");
      if (size.kind === "refused") return invalid("spec.rootDisk.size", size.problem);
      scope.disk = { ...plan.disk, size: size.size };
      return settled();
    }
    case "make":
      return makeDisk(scope, plan.generation, flavor);
    default:
      return plan satisfies never;
  }
}

async function makeDisk(scope: ServerScope, generation: number, flavor: MachineFlavor): Promise<Outcome> {
  const { context, key, project } = scope;
  const server = context.object;
  if (project === undefined) return waiting(`a Project that has the namespace ${key.namespace}`);
  const wanted = imageKey(server);
  if (wanted.namespace !== key.namespace) {
    const visible = visibleTo(context.cache.get(images, wanted), key.namespace, project.metadata.name);
    // An Image that is not there and one that is not shared get the same answer: a name alone tells nothing.
    if (visible.kind === "hidden")
      return invalid(
        "spec.imageRef",
        `there is no Image ${keyText(wanted)} that Project ${project.metadata.name} may use: its owner can share it (sharedWith) or publish it`,
      );
    if (visible.kind === "soon")
      return waiting(`Image ${keyText(wanted)} to be shared with Project ${project.metadata.name}`);
  }
  const found = await context.require(imageOfServer);
  if (!found.ready) return found.outcome;
  const image = found.objects[0];
  if (image === undefined) return waiting(`Image ${keyText(wanted)}`);
  const size = diskSize(server, flavor, imageSize(image), `Image ${keyText(wanted)}`);
  if (size.kind === "refused") return invalid("spec.rootDisk.size", size.problem);
  const disk = diskFrom(server, image, generation, size.size);
  const taken = await checkDiskName(scope, disk);
  if (taken.kind === "settled") scope.disk = disk;
  return taken;
}

/** No DataVolume and no claim of the disk's name belongs to anybody else: KubeVirt or CDI would take it over. */
async function checkDiskName({ context, key, machine }: ServerScope, { volume: name }: RootDisk): Promise<Outcome> {
  const diskKey = { namespace: key.namespace, name };
  const taken = (kind: string): Outcome =>
    invalid("metadata.name", `${kind} ${name} exists and is not of this Server: delete it, or choose another name`, {
      pollAfterMs: TAKEN_POLL_MS,
    });
  const volume = context.cache.get(dataVolumes, diskKey);
  switch (holderOf(volume, key, machine?.metadata.uid)) {
    case "ours":
      return settled();
    case "leaving":
      return waiting(`DataVolume ${name} of an earlier machine to go`);
    case "foreign":
      return taken("DataVolume");
    case "nobody": {
      const claim = await context.kube.get(persistentVolumeClaims, diskKey);
      if (claim === undefined) return settled();
      const leaving = claim.metadata.deletionTimestamp !== undefined;
      const ofVolume = claim.metadata.ownerReferences?.some(({ kind }) => kind === dataVolumes.kind) === true;
      if (!leaving && !ofVolume) return taken("PersistentVolumeClaim");
      return waiting(`PersistentVolumeClaim ${name} of an earlier machine to go`, { pollAfterMs: CLAIM_POLL_MS });
    }
  }
}

/** Whether its machine is there, also where a process that ended in between did not come to say so in the status. */
function hasMachine(cache: CacheReader, server: Server): boolean {
  const machine = cache.get(virtualMachines, keyOfServer(server));
  return machine !== undefined && ownership(machine, server) === "ours";
}

/** A machine is made, or grows, only within the Project's quota; to become smaller, or as it was, it needs no room. */
export async function checkQuota(scope: ServerScope): Promise<Outcome> {
  const { context, key, project, machine, flavor, disk, recorded } = scope;
  const server = context.object;
  const quota = project?.spec.quota;
  const had = machine?.spec?.template?.metadata?.annotations?.[FLAVOR_ANNOTATION];
  const asksForMore = machine === undefined || had !== flavor?.metadata.name || disk?.size !== recorded?.size;
  if (quota === undefined || !asksForMore) return settled();
  const { cache } = context;
  const there = quotaContents(key.namespace, cache);
  scope.admissions.keep(key.namespace, [...there.servers, ...there.images]);
  const world: QuotaWorld = {
    ...there,
    hasVolume: (image) => hasVolume(image, cache) || scope.admissions.has(image),
    left: takenByLeftovers(there),
    built: (other) =>
      other.metadata.uid === server.metadata.uid
        ? machine !== undefined || scope.admissions.has(other)
        : isBuilt(other) || scope.admissions.has(other) || hasMachine(cache, other),
    refused: (other) => isOverQuota(other) && !scope.admissions.has(other),
  };
  const has = machine === undefined ? NOTHING : hadBy(server, had, recorded?.size ?? "0", world);
  const verdict = quotaVerdict(server, quota, world, has);
  if (verdict.kind === "fits") {
    // Said before anything is awaited, so that the next pass counts it.
    scope.admissions.add(server);
    return settled();
  }
  scope.admissions.remove(server);
  scope.overQuota = verdict.what;
  const exceeded = waiting(`quota of Project ${project?.metadata.name}: ${verdict.what}`, { reason: QUOTA_EXCEEDED });
  if (machine === undefined || recorded === undefined) return exceeded;
  scope.disk = recorded;
  return holdFlavor(scope, exceeded);
}
