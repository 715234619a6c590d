import { type Event, events, type Pod } from "#operator/api/foreign.ts";
import { optionalLook } from "#operator/optional-look.ts";
import { hasLasted, isTimeToLook } from "#operator/patience.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { launchersOf } from "../launchers.ts";
import { isBeingMade, noHost, wantsToRun } from "../observed.ts";
import { rootVolume, type ServerScope } from "../scope.ts";

/** Phases of an instance whose guest does not run yet. */
const STARTS = ["Pending", "Scheduling", "Scheduled"];
/** A message of kubelet's can be long. */
const TOLD_AT_MOST = 512;

/**
 * A guest that a node has and that does not start may wait for something of its pod's: a volume that cannot be mounted, a network
 * that cannot be had. KubeVirt does not say it, the pod's events do.
 */
export async function lookAtLauncher(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, machine, instance } = scope;
  if (instance === undefined || instance.metadata.deletionTimestamp !== undefined || !wantsToRun(machine))
    return settled();
  if (!STARTS.includes(instance.status?.phase ?? "") || noHost(machine, instance) !== undefined) return settled();
  // Its node was chosen so that the disk is made there.
  if (isBeingMade(rootVolume(scope))) return settled();
  if (!isTimeToLook(scope, instance.metadata.creationTimestamp)) return settled();
  const look = async (): Promise<string | undefined> =>
    lastWarning(context.kube, await launchersOf(context.kube, instance), context.now);
  const problem = await optionalLook(look, { log: context.log, signal });
  if (problem !== undefined) scope.notStarted = problem;
  return settled();
}

/** What the latest warning says about pods since a node has them: what was said before was said of other nodes. */
async function lastWarning(kube: KubeClient, launchers: readonly Pod[], now: Date): Promise<string | undefined> {
  const said: Event[] = [];
  for (const { metadata, status } of launchers) {
    const placed = status?.conditions?.find((each) => each.type === "PodScheduled" && each.status === "True");
    if (placed?.lastTransitionTime === undefined || !hasLasted(placed.lastTransitionTime, now)) continue;
    const since = Date.parse(placed.lastTransitionTime);
    const fieldSelector = `involvedObject.uid=${metadata.uid},type=Warning`;
    const all = await kube.list(events, { namespace: metadata.namespace ?? "", fieldSelector });
    said.push(...all.filter((event) => timeOf(event) >= since));
  }
  const last = said.toSorted((one, other) => timeOf(one) - timeOf(other)).at(-1);
  return last === undefined ? undefined : `${last.reason}: ${last.message}`.slice(0, TOLD_AT_MOST);
}

/** When it was last seen, by whichever of the fields its writer uses (core/v1, Event). */
function timeOf({ lastTimestamp, eventTime, series, metadata }: Event): number {
  return Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp);
}
