import { persistentVolumeClaims, services, virtualMachines } from "#operator/api/foreign.ts";
import { allBoundaries } from "#operator/boundaries.ts";
import { keyText } from "#runtime/api/object.ts";
import { bytesOf } from "#runtime/api/quantity.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { serviceFor } from "../children.ts";
import { machineChange, machineFor } from "../machine.ts";
import { boundariesOf, commonBoundaries } from "../placement.ts";
import type { RootDisk } from "../root-disk.ts";
import { type ServerScope, wantedPower } from "../scope.ts";
import { holdFlavor, takenService } from "./resolve.ts";

/** How often a claim that is still to be made is looked for. */
const CLAIM_POLL_MS = 5_000;

/**
 * A disk that is to be larger grows before the machine says so: then what the machine says is true. Where it cannot, the
 * machine goes on with the disk as it is, and with the Flavor that it has.
 */
export async function growDisk(scope: ServerScope): Promise<Outcome> {
  const { disk, recorded } = scope;
  if (disk === undefined || recorded === undefined || disk.volume !== recorded.volume || disk.size === recorded.size)
    return settled();
  const grown = await grow(scope, disk, recorded);
  if (grown.kind === "settled") return settled();
  scope.disk = recorded;
  return holdFlavor(scope, scope.held ?? grown);
}

async function grow({ context, key }: ServerScope, disk: RootDisk, recorded: RootDisk): Promise<Outcome> {
  const claimKey = { namespace: key.namespace, name: disk.volume };
  const claim = await context.kube.get(persistentVolumeClaims, claimKey);
  if (claim === undefined)
    return waiting(`PersistentVolumeClaim ${disk.volume}, which is to grow to ${disk.size}`, {
      pollAfterMs: CLAIM_POLL_MS,
    });
  // CDI asks for more than the disk's size where the disk is a file: that is not to be taken back.
  if (bytesOf(claim.spec?.resources?.requests?.["storage"] ?? "0") >= bytesOf(disk.size)) return settled();
  try {
    await context.kube.mergePatch(persistentVolumeClaims, claimKey, {
      metadata: { uid: claim.metadata.uid },
      spec: { resources: { requests: { storage: disk.size } } },
    });
  } catch (error) {
    if (!isApiError(error, "Forbidden") && !isApiError(error, "Invalid")) throw error;
    return invalid("spec.rootDisk.size", `the storage cannot make the disk larger: ${error.message}`);
  }
  context.event("Normal", "Grown", `the root disk grows from ${recorded.size} to ${disk.size}`);
  return settled();
}

/** The machine is there and as it should be. */
export async function ensureMachine(scope: ServerScope): Promise<Outcome> {
  const { context, deps, machine, flavor, disk, userData, filesRevision, recorded, project } = scope;
  const server = context.object;
  if (flavor === undefined || disk === undefined || userData === undefined)
    return waiting(`what Server ${server.metadata.name} is made from`);
  const common = commonBoundaries(project, context.cache);
  if (common === undefined && machine === undefined)
    return waiting(`the Cloud of Project ${project?.metadata.name}, which says where its Servers may run`);
  // A machine that is there stays within what it was given: a Cloud that is gone loosens nothing.
  const boundaries = common ?? allBoundaries(boundariesOf(machine), project?.spec.boundaries);
  const desired = machineFor({
    server,
    installationId: deps.installationId,
    flavor,
    disk: filesRevision === undefined ? disk : { ...disk, mayHoldLinks: true },
    boundaries,
    powered: wantedPower(scope) !== "Stopped",
    userData,
    filesRevision,
  });
  const change = machine === undefined ? "wanted" : machineChange(machine, desired);
  if (change === "none") return settled();
  const options = { fieldOwner: context.fieldOwner("machine"), force: true };
  scope.machine = await context.kube.apply(virtualMachines, desired, options);
  if (machine === undefined) {
    if (server.status?.rootDisk !== undefined)
      context.event(
        "Warning",
        "Recreated",
        "the machine was deleted from outside and is made again, with a new root disk",
      );
  } else if (change === "drift")
    context.event(
      "Warning",
      "Corrected",
      `VirtualMachine ${server.metadata.name} was changed from outside and is corrected`,
    );
  else if (recorded !== undefined && recorded.generation !== disk.generation)
    context.event("Normal", "Rebuilding", `the root disk is made anew from Image ${keyText(disk.image)}`);
  return settled();
}

/** The Server's lasting name in DNS. Where somebody else has taken it since, the guest goes on without. */
export async function ensureName(scope: ServerScope): Promise<Outcome> {
  const { context, key } = scope;
  const server = context.object;
  const current = context.cache.get(services, key);
  const taken = takenService(scope);
  if (taken !== undefined) {
    scope.held ??= taken;
    return settled();
  }
  const desired = serviceFor(server);
  if (current !== undefined && alreadyApplied(current, desired)) return settled();
  await context.kube.apply(services, desired, { fieldOwner: context.fieldOwner("name"), force: true });
  if (current !== undefined)
    context.event("Warning", "Corrected", `Service ${key.name} was changed from outside and is corrected`);
  return settled();
}
