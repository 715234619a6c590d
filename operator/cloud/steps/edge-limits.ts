import { coreSecrets } from "#operator/api/foreign.ts";
import { keyOf } from "#runtime/api/object.ts";
import { valuesOf } from "../children/custody.ts";
import { edgeNames, edgePolicies as policiesOf } from "../children/edge.ts";
import { checksTokens, policiesProblem } from "../decide/edge.ts";
import { jwksOf, signingProblem } from "../decide/signing-keys.ts";
import type { CloudDeployment, EdgeWish } from "../deployment.ts";
import { secretNames } from "../names.ts";
import { edgePolicies } from "../resources.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";

/** What became of an edge's limits. */
export interface EdgeLimits {
  /** What they wait for, for a person. */
  readonly problem?: string;
  /** Why nothing is limited or checked there, for a person. */
  readonly absence?: string;
}

/** The policies of an edge whose proxies are ours: no others' know them. */
export async function ensureEdgeLimits(
  scope: CloudScope,
  deployment: CloudDeployment,
  edge: EdgeWish,
  isOurs: boolean,
): Promise<EdgeLimits> {
  const { cache } = scope;
  const namespace = deployment.cloud.metadata.namespace ?? "";
  if (cache.isForbidden(edgePolicies, namespace)) {
    return {
      absence: `the right to list EdgePolicies in namespace ${namespace} is missing (the Role nephele:cloud-edge, charts/nephele/rbac/edge.yaml)`,
    };
  }
  if (!isOurs) {
    await removeEdgeLimits(scope, deployment);
    return { absence: `proxies of the class ${edge.className} do not know EdgePolicies` };
  }
  const policies = policiesOf(deployment, edge, keysNow(scope, deployment));
  await applyAll(scope, policies);
  const problem = policiesProblem(
    new Map(policies.map((policy) => [policy.metadata.name, cache.get(edgePolicies, keyOf(policy))])),
  );
  return problem === undefined ? {} : { problem };
}

/** Takes the policies of an edge away. */
export async function removeEdgeLimits({ cache, kube }: CloudScope, { cloud }: CloudDeployment): Promise<void> {
  const namespace = cloud.metadata.namespace ?? "";
  if (!cache.hasSynced(edgePolicies, namespace)) return;
  for (const name of edgeNames(cloud).policies) {
    const current = cache.get(edgePolicies, { namespace, name });
    const isOwn = current?.metadata.ownerReferences?.some(({ uid }) => uid === cloud.metadata.uid) === true;
    if (current !== undefined && isOwn)
      await kube.delete(edgePolicies, { namespace, name }, { uid: current.metadata.uid });
  }
}

/** The keys by which tokens are checked now; undefined where none is. */
function keysNow({ cache, results }: CloudScope, { cloud, identity }: CloudDeployment): string | undefined {
  const namespace = cloud.metadata.namespace ?? "";
  const [, tokens = ""] = edgeNames(cloud).policies;
  const isChecked = checksTokens({
    format: identity.tokenFormat,
    isKeystoneReady: results.get("IdentityReady")?.kind === "settled",
    now: cache.get(edgePolicies, { namespace, name: tokens })?.spec?.jwt !== undefined,
  });
  const secret = isChecked ? cache.get(coreSecrets, { namespace, name: secretNames.jws(cloud) }) : undefined;
  if (secret === undefined) return undefined;
  const values = valuesOf(secret);
  return signingProblem(values) === undefined ? jwksOf(values) : undefined;
}
