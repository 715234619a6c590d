import { type Event, events, pods, type VirtualMachineInstance } from "#operator/api/foreign.ts";
import { optionalLook } from "#operator/optional-look.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ServerScope } from "../scope.ts";
import { isLive, noHost } from "../states.ts";

/** Most guests run long before this. */
const START_PATIENCE_MS = 30_000;
/** A message of kubelet's can be long. */
const TOLD_AT_MOST = 512;

/** On a launcher's pod: the UID of the instance that it is for (KubeVirt, `CreatedByLabel`). */
const CREATED_BY = "kubevirt.io/created-by";

/**
 * A guest that a node has and that does not start may wait for something of its pod's: a volume that cannot be mounted, a network
 * that cannot be had. KubeVirt does not say it, the pod's events do.
 */
export async function lookAtLauncher(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, machine, instance } = scope;
  if (instance === undefined || !isLive(instance) || instance.status?.phase === "Running") return settled();
  const age = context.now.getTime() - Date.parse(instance.metadata.creationTimestamp);
  if (age < START_PATIENCE_MS || noHost(machine, instance) !== undefined) return settled();
  const problem = await optionalLook(() => lastWarning(context.kube, instance), { log: context.log, signal });
  scope.start = problem === undefined ? {} : { problem };
  return settled();
}

/** What the latest warning about a guest's pods says. A tenant's own pod may have such a label: KubeVirt has to know it. */
async function lastWarning(
  kube: KubeClient,
  { metadata, status }: VirtualMachineInstance,
): Promise<string | undefined> {
  const { namespace = "", uid } = metadata;
  const launchers = await kube.list(pods, { namespace, labelSelector: `${CREATED_BY}=${uid}` });
  const known = launchers.filter((pod) => status?.activePods?.[pod.metadata.uid] !== undefined);
  const said: Event[] = [];
  for (const pod of known)
    said.push(
      ...(await kube.list(events, { namespace, fieldSelector: `involvedObject.uid=${pod.metadata.uid},type=Warning` })),
    );
  const last = said.toSorted((one, other) => timeOf(one).localeCompare(timeOf(other))).at(-1);
  return last === undefined ? undefined : `${last.reason}: ${last.message}`.slice(0, TOLD_AT_MOST);
}

/** When it was last seen, by whichever of the fields its writer uses (core/v1, Event). */
function timeOf({ lastTimestamp, eventTime, series, metadata }: Event): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
}
