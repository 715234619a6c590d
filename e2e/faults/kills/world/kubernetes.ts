import {
  coreSecrets,
  dataSources,
  dataVolumes,
  namespaces,
  networkPolicies,
  persistentVolumeClaims,
  pods,
  resourceQuotas,
  roleBindings,
  roles,
  serviceAccounts,
  services,
  virtualMachineClusterInstancetypes,
  virtualMachineInstances,
  virtualMachines,
} from "#operator/api/foreign.ts";
import { clouds, flavors, images, projects, secrets, servers } from "#operator/api/resources.ts";
import { configMaps, deployments, jobs, podDisruptionBudgets, statefulSets } from "#operator/cloud/resources.ts";
import { limitRanges } from "#operator/project/resources.ts";
import { type KubeObject, keyOf, keyText } from "#runtime/api/object.ts";
import { type Resource, resourceName } from "#runtime/api/resource.ts";
import { isApiError } from "#runtime/client/errors.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { calledAlways, described } from "./described.ts";
import type { Thing, Told } from "./world.ts";

/** What the operator makes, and what others make for it. Events are not among it: they tell what happened, not what is. */
const kinds: readonly Resource[] = [
  ...[clouds, projects, flavors, images, secrets, servers],
  ...[
    namespaces,
    roles,
    roleBindings,
    resourceQuotas,
    limitRanges,
    networkPolicies,
    coreSecrets,
    services,
    serviceAccounts,
  ],
  ...[virtualMachineClusterInstancetypes, virtualMachines, virtualMachineInstances, pods],
  ...[dataVolumes, dataSources, persistentVolumeClaims],
  ...[configMaps, statefulSets, deployments, jobs, podDisruptionBudgets],
];

/** The objects of the tests: those of a namespace or name with this in it. */
export async function kubernetesTold(kube: KubeClient, prefix: string): Promise<Told> {
  const lists = await Promise.all(kinds.map(async (resource) => ({ resource, objects: await listed(kube, resource) })));
  const ids = new Map<string, string>();
  const things: Thing[] = [];
  for (const { resource, objects } of lists) {
    for (const object of objects) {
      const name = calledAlways(object);
      if (name === undefined || !keyText(keyOf(object)).includes(prefix)) continue;
      ids.set(object.metadata.uid, `<uid of ${resource.kind} ${name}>`);
      things.push({ what: `Kubernetes ${resourceName(resource)}`, name, is: described(resource, object) });
    }
  }
  return { things, ids };
}

/** Where a kind is not served, as KubeVirt's may not be, there is nothing of it. */
async function listed(kube: KubeClient, resource: Resource): Promise<readonly KubeObject[]> {
  try {
    return await kube.list<KubeObject>(resource);
  } catch (error) {
    if (isApiError(error, "NotFound")) return [];
    throw error;
  }
}
