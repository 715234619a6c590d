import { coreSecrets, dataVolumes, services, virtualMachineInstances, virtualMachines } from "#operator/api/foreign.ts";
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
import { Admissions } from "./admissions.ts";
import { serverDependencies } from "./dependencies.ts";
import { keyOfServer } from "./names.ts";
import { isOutside } from "./placement.ts";
import { type ServerDependencies, type ServerScope, serverScope } from "./scope.ts";
import { report, serverStatus } from "./status.ts";
import { ensureFiles, ensureUserData, removeUnusedData } from "./steps/guest-data.ts";
import { ensurePaused, rebootOnce, removeOldDisks, replaceStaleInstance } from "./steps/instance.ts";
import { ensureMachine, ensureName, growDisk } from "./steps/machine.ts";
import { checkMachineName, checkQuota, resolveDisk, resolveFlavor, resolveProject } from "./steps/resolve.ts";
import { retainDisk } from "./steps/retain.ts";
import {
  BY_USER_DATA,
  DISKS_OF_SERVER,
  disksKeys,
  labelledServer,
  PROJECT_BY_NAMESPACE,
  sameName,
  serversOfCoreSecret,
  serversOfProject,
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

export function serverController(deps: ServerDependencies): Controller {
  const admissions = new Admissions();
  return defineController<Server, ServerScope>({
    name: "server",
    reconciles: servers,
    watches: [
      watch(virtualMachines, sameName),
      watch(virtualMachineInstances, sameName),
      watch(dataVolumes, labelledServer),
      watch(services, sameName),
      watch(coreSecrets, serversOfCoreSecret, {
        metadataOnly: true,
        within: projectNamespaces as unknown as NamespaceSource<KubeObject>,
      }),
      watch(projects, serversOfProject),
      watch(servers, waitingNeighbours),
      // Read, but nothing in them wakes a Server that its Project or Image would not.
      watch(clouds, () => []),
      watch(images, () => []),
    ],
    indexes: [
      index(projects, PROJECT_BY_NAMESPACE, ({ status }) =>
        status?.namespace === undefined ? [] : [status.namespace],
      ),
      index(servers, WAITING_FOR_QUOTA, waitsForQuota),
      index(servers, BY_USER_DATA, userDataKeys),
      index(dataVolumes, DISKS_OF_SERVER, disksKeys),
    ],
    dependencies: serverDependencies,
    scope: (context) => serverScope(context, deps, admissions),
    steps: [
      checkMachineName,
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
      replaceStaleInstance,
      rebootOnce,
      ensurePaused,
      removeOldDisks,
      report,
    ],
    // Or its owner could keep it running against the administrator, or where it may not run.
    evenPaused: (server, cache) => {
      const project = cache.byIndex(projects, PROJECT_BY_NAMESPACE, server.metadata.namespace ?? "")[0];
      const machine = cache.get(virtualMachines, keyOfServer(server));
      return project?.spec.enabled === false || isOutside(machine, project?.spec.boundaries);
    },
    // All that is made for a Server goes with it by itself; only a disk that is to stay must be taken out first.
    needsFinalizer: ({ spec }) => spec.rootDisk.onServerDelete === "Retain",
    cleanup: [retainDisk],
    status: serverStatus,
  });
}
