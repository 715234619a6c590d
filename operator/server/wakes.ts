import { type DataVolume, type VirtualMachine, virtualMachines } from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { servers } from "#operator/api/resources.ts";
import { allBoundaries } from "#operator/boundaries.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { type KubeObject, keyText, type ObjectKey } from "#runtime/api/object.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { keyOfServer, SERVER_LABEL } from "./names.ts";
import { boundariesOf } from "./placement.ts";
import { recordedDisk } from "./root-disk.ts";

/** From a namespace to the Project that has taken it. */
export const PROJECT_BY_NAMESPACE = "server:project-by-namespace";
/** From a namespace to the Servers in it that wait for quota. */
export const WAITING_FOR_QUOTA = "server:waiting-for-quota";
/** From a core Secret to the Servers whose user data it is. */
export const BY_USER_DATA = "server:by-user-data";
/** From a Server to the root disks made for it, old ones among them. */
export const DISKS_OF_SERVER = "server:disks";

/** What is made for a Server says so by a label; a machine and its instance have its name anyway. */
export function labelledServer({ metadata }: KubeObject): readonly ObjectKey[] {
  const name = metadata.labels?.[SERVER_LABEL];
  return name === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name }];
}

export function sameName({ metadata }: KubeObject): readonly ObjectKey[] {
  return metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name: metadata.name }];
}

export function disksKeys(volume: DataVolume): readonly string[] {
  return labelledServer(volume).map(keyText);
}

export function waitsForQuota(server: Server): readonly string[] {
  const reason = findCondition(server.status?.conditions, "Ready")?.reason;
  return reason === "QuotaExceeded" ? [server.metadata.namespace ?? ""] : [];
}

export function userDataKeys(server: Server): readonly string[] {
  const name = server.spec.userData?.secretKeyRef.name;
  return name === undefined ? [] : [keyText({ namespace: server.metadata.namespace ?? "", name })];
}

/** A core Secret is ours and has its Server's label, or it is somebody's user data. */
export function serversOfCoreSecret(secret: KubeObject, cache: CacheReader): readonly ObjectKey[] {
  const { namespace = "", name } = secret.metadata;
  const users = cache.byIndex(servers, BY_USER_DATA, keyText({ namespace, name })).map(keyOfServer);
  return [...labelledServer(secret), ...users];
}

/** A Server that changes or goes may leave room for those that wait for it. */
export function waitingNeighbours(server: Server, cache: CacheReader): readonly ObjectKey[] {
  return cache.byIndex(servers, WAITING_FOR_QUOTA, server.metadata.namespace ?? "").map(keyOfServer);
}

/**
 * A Project's status counts its Servers, so it changes with each of them, and waking all of them each time would cost
 * the square of their number. Woken are those that wait for the Project, those whose machine is to be kept within other
 * boundaries, and all when it is switched on or off.
 */
export function serversOfProject(project: Project, cache: CacheReader): readonly ObjectKey[] {
  const namespace = project.status?.namespace;
  if (namespace === undefined) return [];
  return cache
    .list(servers, namespace)
    .filter(
      (server) =>
        concerns(project, server) || isKeptOtherwise(project, cache.get(virtualMachines, keyOfServer(server))),
    )
    .map(keyOfServer);
}

/** The machine is not kept within what its Project and its disk say now. */
function isKeptOtherwise({ spec }: Project, machine: VirtualMachine | undefined): boolean {
  const [wanted, kept] = [allBoundaries(spec.boundaries), allBoundaries(boundariesOf(machine))];
  // What the disk says is read out of a text: not for each of a Project's Servers each time, where none has boundaries.
  if (machine === undefined || wanted.join() === kept.join()) return false;
  return allBoundaries(wanted, recordedDisk(machine)?.boundaries).join() !== kept.join();
}

function concerns(project: Project, server: Server): boolean {
  const ready = findCondition(server.status?.conditions, "Ready");
  if (ready === undefined || ready.reason === "QuotaExceeded" || server.status?.instanceID === undefined) return true;
  return project.spec.enabled === (ready.reason === "ProjectDisabled");
}
