import { coreSecrets, networkPolicies, pods, services } from "#operator/api/foreign.ts";
import { type Desired, type KubeObject, keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { alreadyApplied } from "#runtime/client/applied.ts";
import { selectorText } from "../children/metadata.ts";
import { podProblem } from "../decide/pod-problem.ts";
import {
  accessPolicies,
  configMaps,
  deployments,
  edgePolicies,
  gateways,
  httpRoutes,
  jobs,
  podDisruptionBudgets,
  serviceAccounts,
  statefulSets,
} from "../resources.ts";
import type { CloudScope } from "../scope.ts";

/** The kinds that are made for a Cloud. All are watched in the namespaces of Clouds. */
const resources: Readonly<Record<string, Resource>> = {
  AccessPolicy: accessPolicies,
  ConfigMap: configMaps,
  Deployment: deployments,
  EdgePolicy: edgePolicies,
  Gateway: gateways,
  HTTPRoute: httpRoutes,
  Job: jobs,
  NetworkPolicy: networkPolicies,
  PodDisruptionBudget: podDisruptionBudgets,
  Secret: coreSecrets,
  Service: services,
  ServiceAccount: serviceAccounts,
  StatefulSet: statefulSets,
};

/** Writes those objects that are not there as they should be, in order. */
export async function applyAll(scope: CloudScope, desired: readonly Desired[]): Promise<void> {
  for (const object of desired) {
    const resource = resources[object.kind];
    if (resource === undefined) throw new Error(`nothing is known of the kind ${object.kind}`);
    const current: KubeObject | undefined = scope.cache.get(resource, keyOf(object));
    if (current !== undefined && alreadyApplied(current, object)) continue;
    // Force: what the Cloud says of these fields counts, whoever changed them by hand.
    await scope.kube.apply(resource, object, { fieldOwner: scope.fieldOwner("children"), force: true });
  }
}

/** Why pods with these labels are not ready, for a message; "" where nothing is known. Asked only when they are not. */
export async function whyNot(scope: CloudScope, labels: Readonly<Record<string, string>>): Promise<string> {
  const namespace = scope.object.metadata.namespace ?? "";
  const problem = podProblem(await scope.kube.list(pods, { namespace, labelSelector: selectorText(labels) }));
  return problem === undefined ? "" : ` (${problem})`;
}
