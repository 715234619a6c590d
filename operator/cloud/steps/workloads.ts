import { type Desired, keyOf } from "#runtime/api/object.ts";
import type { Resource } from "#runtime/api/resource.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { rolloutOf } from "../decide/rollout.ts";
import type { Deployment, StatefulSet } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { whyNot } from "./apply.ts";

/**
 * Waits until a workload's pods are there. One of several that is away is no reason to wait, unless the whole is asked for:
 * the others serve; a pod of an older template is.
 */
export async function awaitRollout(
  scope: CloudScope,
  resource: Resource<Deployment> | Resource<StatefulSet>,
  desired: Desired,
  { whole = false }: { readonly whole?: boolean } = {},
): Promise<Outcome> {
  const workload = scope.cache.get<Deployment | StatefulSet>(resource as Resource<Deployment>, keyOf(desired));
  const { complete, serves, said } = rolloutOf(workload);
  if (complete) return settled({ message: said });
  const what = `${desired.kind} ${desired.metadata.name}`;
  const labels = workload?.spec?.selector?.matchLabels ?? {};
  const why = workload === undefined ? "" : await whyNot(scope, labels);
  if (!whole && serves && workload?.status?.updatedReplicas === workload?.spec?.replicas)
    return settled({ message: `${said}${why}`, pollAfterMs: unwellPoll(scope) });
  return waiting(`${what}: ${said}${why}`, { pollAfterMs: unwellPoll(scope) });
}
