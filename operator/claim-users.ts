import { type Pod, pods } from "#operator/api/foreign.ts";
import { SERVER_LABEL } from "#operator/api/marks.ts";
import type { ObjectKey } from "#runtime/api/object.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { shortList } from "./short-list.ts";

/** Label of CDI's own pods; nobody else may set it (crds/policies/workloads.yaml). */
const OF_CDI = "cdi.kubevirt.io";

/**
 * What has to end before CDI copies a claim: it copies none that a pod may write to, and says so as an event alone (CDI,
 * `CloneSourceInUse`). Pods of the claim's own namespace, so no name is another Project's. Undefined where nothing is in the way.
 */
export async function whoUses(kube: KubeClient, claim: ObjectKey): Promise<string | undefined> {
  return usersOf(await kube.list(pods, { namespace: claim.namespace ?? "" }), claim.name);
}

/** The same of the pods that a namespace has. Pure. */
export function usersOf(all: readonly Pod[], claim: string): string | undefined {
  const users = all.filter((pod) => mayWrite(pod, claim)).map(({ metadata }) => metadata);
  // A guest that moves has two pods.
  const servers = new Set(users.flatMap(({ labels }) => labels?.[SERVER_LABEL] ?? []));
  const others = users.filter(({ labels }) => labels?.[SERVER_LABEL] === undefined).map(({ name }) => name);
  const said = [
    ...(servers.size === 0 ? [] : [`Server ${shortList([...servers].toSorted())} to stop: its disk is in use`]),
    ...(others.length === 0
      ? []
      : [`pod ${shortList(others.toSorted())} to end: it uses PersistentVolumeClaim ${claim}`]),
  ];
  return said.length === 0 ? undefined : said.join("; ");
}

/** As CDI sees it (`GetPodsUsingPVCs`), but for its own pods: how long those take nobody can change. */
function mayWrite({ metadata, spec, status }: Pod, claim: string): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  if (metadata.labels?.[OF_CDI] !== undefined) return false;
  return (spec?.volumes ?? []).some(({ name, persistentVolumeClaim: volume }) => {
    if (volume?.claimName !== claim || volume.readOnly === true) return false;
    return (spec?.containers ?? []).some(
      ({ volumeMounts = [], volumeDevices = [] }) =>
        volumeMounts.some((mount) => mount.name === name && mount.readOnly !== true) ||
        volumeDevices.some((device) => device.name === name),
    );
  });
}
