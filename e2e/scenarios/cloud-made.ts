import { systemNamespace } from "#e2e/cluster/nephele-objects.ts";
import { coreSecrets, networkPolicies, persistentVolumeClaims, services } from "#operator/api/foreign.ts";
import { configMaps, deployments, jobs, podDisruptionBudgets, statefulSets } from "#operator/cloud/resources.ts";
import type { Resource } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

const KINDS: readonly Resource[] = [
  configMaps,
  coreSecrets,
  deployments,
  jobs,
  networkPolicies,
  persistentVolumeClaims,
  podDisruptionBudgets,
  services,
  statefulSets,
];

/**
 * What there is of a deployed Cloud, as `Kind name`, so that two Clouds can be compared: without the Cloud's own name and
 * without the hashes of Jobs, which name the Cloud's keys.
 */
export async function madeFor(kube: KubeClient, cloud: string): Promise<readonly string[]> {
  // Keys have the one label, volumes and what Patroni keeps the other, everything else both.
  const selectors = [`nephele.dev/cloud=${cloud}`, `app.kubernetes.io/instance=${cloud}`];
  const found = await Promise.all(
    KINDS.flatMap((resource) =>
      selectors.map(async (labelSelector) => {
        const objects = await kube.list(resource, { namespace: systemNamespace, labelSelector });
        return objects.map(({ metadata }) => {
          const part = metadata.name.replace(new RegExp(`(^|-)${cloud}-`), "$1");
          return `${resource.kind} ${resource === jobs ? part.replace(/-[0-9a-f]{8}$/, "") : part}`;
        });
      }),
    ),
  );
  return [...new Set(found.flat())].sort();
}
