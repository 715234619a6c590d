import { services } from "#operator/api/foreign.ts";
import type { Addresses, CloudClients } from "#operator/clients/cloud-access.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { type Desired, isDeleting, keyOf } from "#runtime/api/object.ts";
import { type Outcome, waiting } from "#runtime/controller/outcome.ts";
import { disruptionBudget } from "../children/disruption-budget.ts";
import { releaseMeshServices } from "../children/mesh.ts";
import { RELEASE_LABEL, selectorOf } from "../children/metadata.ts";
import { releaseService } from "../children/service.ts";
import type { Service } from "../children/service-config.ts";
import { withWayBack } from "../decide/way-back.ts";
import type { CloudDeployment } from "../deployment.ts";
import { type Deployment, deployments } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { awaitRollout } from "./workloads.ts";

/** How soon a preview that did not answer is asked again: its address may be seconds old. */
const ASK_AGAIN_MS = 2_000;

export interface SwitchInput {
  readonly scope: CloudScope;
  readonly deployment: CloudDeployment;
  readonly part: Service;
  readonly desired: Desired;
  readonly replicas: number;
  /** How the pods that are to take over are asked: by addresses that nobody else uses. */
  readonly preview: Addresses;
  readonly check: (clients: CloudClients) => Promise<Outcome>;
}

/**
 * Brings the pods of a release to serve. Where those of another serve, all of the new ones are there and have answered
 * real calls before the Service leads to them; the others go afterwards, drained. Until then the others serve, whatever is
 * wrong with the new ones.
 */
export async function serve(input: SwitchInput): Promise<Outcome> {
  const { scope, deployment, part, desired, replicas } = input;
  await applyAll(scope, [
    desired,
    releaseService(deployment, part, "preview"),
    ...releaseMeshServices(deployment, part, "preview"),
    ...(replicas > 1 ? [disruptionBudget(deployment, part)] : []),
  ]);
  const active = releaseService(deployment, part, "active");
  const serving = servedRelease(scope, active);
  if (serving !== undefined && serving !== deployment.release) {
    const outcome = await awaitSuccessor(input, serving);
    if (outcome.kind !== "settled") return outcome;
    scope.event("Normal", "ReleaseSwitched", `${part} is served by ${deployment.release}`);
  }
  await applyAll(scope, [active, ...releaseMeshServices(deployment, part, "active")]);
  const outcome = await awaitRollout(scope, deployments, desired);
  if (outcome.kind !== "settled") return outcome;
  return (await retireOthers(scope, deployment, part, desired)) ?? outcome;
}

/** The release whose pods a Service leads to; "" where it says none, undefined where it is not there. */
function servedRelease(scope: CloudScope, active: Desired): string | undefined {
  const service = scope.cache.get(services, keyOf(active));
  return service === undefined ? undefined : (service.spec?.selector?.[RELEASE_LABEL] ?? "");
}

async function awaitSuccessor(input: SwitchInput, serving: string): Promise<Outcome> {
  const { scope, deployment, part, desired, preview, check } = input;
  const rollout = await awaitRollout(scope, deployments, desired, { whole: true });
  if (rollout.kind !== "settled") return withWayBack(rollout, part, serving);
  const checked = await check(await scope.deps.clouds.forCloud(deployment.cloud, preview));
  return checked.kind === "waiting" ? withWayBack({ ...checked, pollAfterMs: ASK_AGAIN_MS }, part, serving) : checked;
}

/** A part's Deployments, of every release. */
export function deploymentsOf(
  { cache }: CloudScope,
  deployment: CloudDeployment,
  part: Service,
): readonly Deployment[] {
  const { name, namespace } = deployment.cloud.metadata;
  const wanted = Object.entries({ ...selectorOf(deployment, part), [CLOUD_LABEL]: name });
  return cache
    .list(deployments, namespace)
    .filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value));
}

/** Takes away a part's Deployments of other releases; undefined where there are none left, pods included. */
async function retireOthers(
  scope: CloudScope,
  deployment: CloudDeployment,
  part: Service,
  desired: Desired,
): Promise<Outcome | undefined> {
  const others = deploymentsOf(scope, deployment, part).filter(
    ({ metadata }) => metadata.name !== desired.metadata.name,
  );
  if (others.length === 0) return undefined;
  for (const { metadata } of others.filter((each) => !isDeleting(each)))
    await scope.kube.delete(deployments, keyOf({ metadata }), { uid: metadata.uid, propagation: "Foreground" });
  const names = others.map(({ metadata }) => metadata.name).join(", ");
  return waiting(`Deployment ${names} to stop`, { pollAfterMs: unwellPoll(scope) });
}
