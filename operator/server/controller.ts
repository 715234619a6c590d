import type { Admissions } from "#operator/admissions.ts";
import {
  coreSecrets,
  dataVolumes,
  nodes,
  services,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import type { Project } from "#operator/api/generated/project.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { clouds, images, projects, servers } from "#operator/api/resources.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import {
  type Controller,
  defineController,
  index,
  type NamespaceSource,
  watch,
} from "#runtime/controller/definition.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { serverDependencies } from "./dependencies.ts";
import { whatIsReadOfNode } from "./lost-node.ts";
import { keyOfServer } from "./names.ts";
import { commonBoundaries, isOutside } from "./placement.ts";
import { type ServerDependencies, type ServerScope, serverScope } from "./scope.ts";
import { report, serverStatus } from "./status.ts";
import { findAddress } from "./steps/address.ts";
import { lookAtCopy } from "./steps/copy.ts";
import { ensureFiles, ensureUserData, removeUnusedData } from "./steps/guest-data.ts";
import { ensurePaused, rebootOnce, removeOldDisks, replaceStaleInstance } from "./steps/instance.ts";
import { lookAtLauncher } from "./steps/launcher.ts";
import { ensureMachine, ensureName, growDisk } from "./steps/machine.ts";
import { checkName, checkQuota, resolveDisk, resolveFlavor, resolveProject } from "./steps/resolve.ts";
import { endMachine } from "./steps/retain.ts";
import {
  BY_USER_DATA,
  DISKS_OF_SERVER,
  disksKeys,
  INSTANCES_ON_NODE,
  instanceOnNode,
  PROJECT_BY_NAMESPACE,
  sameName,
  serversOfCloud,
  serversOfCoreSecret,
  serversOfDisk,
  serversOfMachine,
  serversOfProject,
  serversOnNode,
  userDataKeys,
  WAITING_FOR_QUOTA,
  waitingNeighbours,
  waitsForQuota,
} from "./wakes.ts";

/** Core Secrets are watched where Projects are, and nowhere else. */
const projectNamespaces: NamespaceSource<Project> = {
  of: projects,
  namespace: (project) => project.status?.namespace,
};

type ServerStep = (scope: ServerScope, signal: AbortSignal) => Promise<Outcome>;

/** A step that is left out while the node of the guest is lost. */
function unlessLost(step: ServerStep): ServerStep {
  return async (scope, signal) => (scope.lost === undefined ? step(scope, signal) : settled());
}

/** @param admissions shared with all that takes of the same quota */
export function serverController(deps: ServerDependencies, admissions: Admissions): Controller {
  return defineController<Server, ServerScope>({
    name: "server",
    reconciles: servers,
    watches: [
      watch(virtualMachines, serversOfMachine),
      watch(virtualMachineInstances, sameName),
      watch(dataVolumes, serversOfDisk),
      watch(services, sameName),
      watch(nodes, serversOnNode, { keep: whatIsReadOfNode }),
      watch(coreSecrets, serversOfCoreSecret, {
        metadataOnly: true,
        within: projectNamespaces as unknown as NamespaceSource<KubeObject>,
      }),
      watch(projects, serversOfProject),
      watch(servers, waitingNeighbours),
      watch(clouds, serversOfCloud),
      // Read, but nothing in them wakes a Server that its Project would not.
      watch(images, () => []),
    ],
    indexes: [
      index(projects, PROJECT_BY_NAMESPACE, ({ status }) =>
        status?.namespace === undefined ? [] : [status.namespace],
      ),
      index(servers, WAITING_FOR_QUOTA, waitsForQuota),
      index(servers, BY_USER_DATA, userDataKeys),
      index(dataVolumes, DISKS_OF_SERVER, disksKeys),
      index(virtualMachineInstances, INSTANCES_ON_NODE, instanceOnNode),
    ],
    dependencies: serverDependencies,
    scope: (context) => serverScope(context, deps, admissions),
    steps: [
      checkName,
      resolveProject,
      resolveFlavor,
      resolveDisk,
      checkQuota,
      ensureUserData,
      ensureFiles,
      growDisk,
      ensureMachine,
      removeUnusedData,
      ensureName,
      // Nothing is asked of a guest that nobody hears of, and nothing cut: it may still be at work on its disk.
      unlessLost(replaceStaleInstance),
      unlessLost(rebootOnce),
      unlessLost(ensurePaused),
      removeOldDisks,
      lookAtCopy,
      lookAtLauncher,
      findAddress,
      report,
    ],
    // Or its owner could keep it running against the administrator, or where it may not run.
    evenPaused: (server, cache) => {
      const project = cache.byIndex(projects, PROJECT_BY_NAMESPACE, server.metadata.namespace ?? "")[0];
      const machine = cache.get(virtualMachines, keyOfServer(server));
      return project?.spec.enabled === false || isOutside(machine, commonBoundaries(project, cache));
    },
    // All that is made for a Server goes with it by itself; only a disk that is to stay must be taken out first.
    needsFinalizer: ({ spec }) => spec.rootDisk.onServerDelete === "Retain",
    cleanup: [endMachine],
    status: serverStatus,
  });
}
