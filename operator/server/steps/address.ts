import { optionalLook } from "#operator/optional-look.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { launchersOf } from "../launchers.ts";
import { hasAddress, isUp } from "../observed.ts";
import type { ServerScope } from "../scope.ts";

/**
 * A guest that runs without an address has it all the same: its launcher's, behind which it is (masquerade). KubeVirt 1.9 forgets
 * it where virt-handler meets a domain that is defined and not started yet: it takes that for one that has ended, and clears
 * up what it knew of the pod's network.
 */
export async function findAddress(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context, instance } = scope;
  if (instance?.status?.phase !== "Running" || hasAddress(instance) || !isUp(instance, context.now)) return settled();
  const launchers = await optionalLook(() => launchersOf(context.kube, instance), { log: context.log, signal });
  if (launchers === undefined) return settled();
  const { activePods = {}, nodeName } = instance.status;
  const its = launchers.find(({ metadata }) => nodeName !== undefined && activePods[metadata.uid] === nodeName);
  scope.launcher = { address: its?.status?.podIP };
  return settled();
}
