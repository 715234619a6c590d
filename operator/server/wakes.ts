import { isOverQuota } from "#operator/amounts.ts";
import {
  type DataVolume,
  type Node,
  type VirtualMachine,
  type VirtualMachineInstance,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { SERVER_LABEL } from "#operator/api/marks.ts";
import { projects, servers } from "#operator/api/resources.ts";
import { allBoundaries } from "#operator/boundaries.ts";
import { isGone, isKept } from "#operator/leftovers.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import { type KubeObject, keyOf, keyText, type ObjectKey } from "#runtime/api/object.ts";
import type { CacheReader } from "#runtime/watch/cache.ts";
import { lostNode, lostText, nodeOf } from "./lost-node.ts";
import { keyOfServer } from "./names.ts";
import { boundariesOf, commonBoundaries, leftBoundaries, OUTSIDE_BOUNDARIES } from "./placement.ts";
import { recordedDisk } from "./root-disk.ts";

/** From a namespace to the Project that has taken it. */
export const PROJECT_BY_NAMESPACE = "server:project-by-namespace";
/** From a namespace to the Servers in it that wait for quota. */
export const WAITING_FOR_QUOTA = "server:waiting-for-quota";
/** From a core Secret to the Servers whose user data it is. */
export const BY_USER_DATA = "server:by-user-data";
/** From a Server to the root disks made for it, old ones among them. */
export const DISKS_OF_SERVER = "server:disks";

/** From a node to the guests that are on it. */
export const INSTANCES_ON_NODE = "server:instances-on-node";

/** What is made for a Server says so by a label; a machine and its instance have its name anyway. */
export function labelledServer({ metadata }: KubeObject): readonly ObjectKey[] {
  const name = metadata.labels?.[SERVER_LABEL];
  return name === undefined || metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name }];
}

export function sameName({ metadata }: KubeObject): readonly ObjectKey[] {
  return metadata.namespace === undefined ? [] : [{ namespace: metadata.namespace, name: metadata.name }];
}

/** The Server of its name; and when it is gone, those that wait for the room that it took. */
export function serversOfMachine(machine: VirtualMachine, cache: CacheReader): readonly ObjectKey[] {
  return [...sameName(machine), ...(isGone(machine, cache) ? waitingNeighbours(machine, cache) : [])];
}

/** A root disk's Server; those that wait for room where the disk was kept. */
export function serversOfDisk(volume: DataVolume, cache: CacheReader): readonly ObjectKey[] {
  return isKept(volume) ? waitingNeighbours(volume, cache) : labelledServer(volume);
}

export function disksKeys(volume: DataVolume): readonly string[] {
  return labelledServer(volume).map(keyText);
}

export function waitsForQuota(server: Server): readonly string[] {
  return isOverQuota(server) ? [server.metadata.namespace ?? ""] : [];
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

/** What changes in the namespace or goes may leave room for those that wait for it. */
export function waitingNeighbours({ metadata }: KubeObject, cache: CacheReader): readonly ObjectKey[] {
  return cache.byIndex(servers, WAITING_FOR_QUOTA, metadata.namespace ?? "").map(keyOfServer);
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
        concerns(project, server) || isKeptOtherwise(project, cache.get(virtualMachines, keyOfServer(server)), cache),
    )
    .map(keyOfServer);
}

/** A Cloud has its status changed often too: woken are those whose machine is to be kept within other boundaries. */
export function serversOfCloud({ metadata }: Cloud, cache: CacheReader): readonly ObjectKey[] {
  return cache
    .list(projects)
    .filter(({ status }) => {
      const ref = status?.cloudRef;
      return ref?.name === metadata.name && ref.namespace === metadata.namespace;
    })
    .flatMap((project) =>
      project.status?.namespace === undefined
        ? []
        : cache
            .list(servers, project.status.namespace)
            .filter((server) => isKeptOtherwise(project, cache.get(virtualMachines, keyOfServer(server)), cache))
            .map(keyOfServer),
    );
}

/** The machine is not kept within what its Cloud, its Project and its disk say now. */
function isKeptOtherwise(project: Project, machine: VirtualMachine | undefined, cache: CacheReader): boolean {
  const [wanted, kept] = [commonBoundaries(project, cache), allBoundaries(boundariesOf(machine))];
  if (wanted === undefined) return false;
  // What the disk says is read out of a text: not for each of a Project's Servers each time, where none has boundaries.
  if (machine === undefined || wanted.join() === kept.join()) return false;
  return allBoundaries(wanted, recordedDisk(machine)?.boundaries).join() !== kept.join();
}

export function instanceOnNode(instance: VirtualMachineInstance): readonly string[] {
  const node = nodeOf(instance);
  return node === undefined ? [] : [node];
}

/** A node says every few seconds that it lives. Woken are the Servers that do not say of it what is so. */
export function serversOnNode(node: Node, cache: CacheReader): readonly ObjectKey[] {
  const lost = lostNode(node);
  return cache
    .byIndex(virtualMachineInstances, INSTANCES_ON_NODE, node.metadata.name)
    .filter((instance) => {
      const key = keyOf(instance);
      const { state, conditions } = cache.get(servers, key)?.status ?? {};
      const hasLeft = leftBoundaries(cache.get(virtualMachines, key), instance, node).length > 0;
      const saysSo = findCondition(conditions, "RestartRequired")?.reason === OUTSIDE_BOUNDARIES;
      if (hasLeft !== saysSo) return true;
      if (lost === undefined) return state === "UNKNOWN";
      return findCondition(conditions, "Ready")?.message.includes(lostText(lost)) !== true;
    })
    .map(keyOf);
}

function concerns(project: Project, server: Server): boolean {
  const ready = findCondition(server.status?.conditions, "Ready");
  if (ready === undefined || isOverQuota(server) || server.status?.instanceID === undefined) return true;
  return project.spec.enabled === (ready.reason === "ProjectDisabled");
}
