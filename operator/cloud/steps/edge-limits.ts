import { keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { edgeNames, edgePolicies as policiesOf, tokensPolicy } from "../children/edge.ts";
import { readsSigningKeys } from "../children/keystone.ts";
import { webServiceName } from "../children/web-service.ts";
import { checksTokens, keyUnknownAtEdge, notInForce, policiesProblem } from "../decide/edge.ts";
import type { Values } from "../decide/key-table.ts";
import { rolloutOf } from "../decide/rollout.ts";
import { jwksOf, publicJwk, SIGNING } from "../decide/signing-keys.ts";
import type { CloudDeployment, EdgeWish } from "../deployment.ts";
import { deployments, edgePolicies } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { removeOwn } from "./own.ts";
import { deploymentsOf } from "./switch.ts";

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
    await removeEdgeLimits(scope);
    return { absence: `proxies of the class ${edge.className} do not know EdgePolicies` };
  }
  const policies = policiesOf(deployment, edge, keysNow(scope, deployment));
  await applyAll(scope, policies);
  const problem = policiesProblem(
    new Map(policies.map((policy) => [policy.metadata.name, cache.get(edgePolicies, keyOf(policy))])),
  );
  return problem === undefined ? {} : { problem };
}

/**
 * Before Keystone's pods make tokens of another format than jws: proxies that check would refuse all of them. Where none of the pods makes
 * tokens of jws any more nothing is waited for.
 */
export async function stopChecking(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const { cache } = scope;
  const { cloud, identity, platform, edge } = deployment;
  const namespace = cloud.metadata.namespace ?? "";
  if (identity.tokenFormat === "jws" || !platform.gateways || cache.isForbidden(edgePolicies, namespace))
    return settled();
  if (!deploymentsOf(scope, deployment, "keystone").some(readsSigningKeys)) return settled();
  if (edge === undefined) {
    await removeEdgeLimits(scope);
    return settled();
  }
  const tokens = policiesOf(deployment, edge, undefined).filter(
    ({ metadata }) => metadata.name === tokensPolicy(cloud),
  );
  const there = () => cache.get(edgePolicies, { namespace, name: tokensPolicy(cloud) });
  if (there()?.spec?.jwt !== undefined) await applyAll(scope, tokens);
  const policy = there();
  const problem = policy && notInForce(policy);
  if (problem === undefined) return settled();
  const why = `${problem}, so that the edge checks no tokens when Keystone's are no longer of the format jws`;
  return waiting(why, { pollAfterMs: unwellPoll(scope) });
}

/** Why the pair that is next must not sign yet, for a person; undefined: it may. */
export function nextKeyUnknown({ cache }: CloudScope, deployment: CloudDeployment, values: Values): string | undefined {
  const { cloud, platform } = deployment;
  const namespace = cloud.metadata.namespace ?? "";
  const next = values[SIGNING.nextPublic];
  // Where policies are not seen none is of ours: an edge would not have got this far.
  if (next === undefined || !platform.gateways || !cache.hasSynced(edgePolicies, namespace)) return undefined;
  const policy = cache.get(edgePolicies, { namespace, name: tokensPolicy(cloud) });
  return keyUnknownAtEdge(policy, publicJwk(next));
}

/** Takes the policies of an edge away. */
export async function removeEdgeLimits(scope: CloudScope): Promise<void> {
  const { cache, object } = scope;
  if (!cache.hasSynced(edgePolicies, object.metadata.namespace)) return;
  for (const name of edgeNames(object).policies) await removeOwn(scope, edgePolicies, name);
}

/** The keys by which tokens are checked now; undefined where none is. */
function keysNow({ cache, custody }: CloudScope, deployment: CloudDeployment): string | undefined {
  const { cloud, identity } = deployment;
  const namespace = cloud.metadata.namespace ?? "";
  const isChecked = checksTokens({
    format: identity.tokenFormat,
    // The step before has written its Deployment as it is wanted and taken those of other releases away, pods included.
    isKeystoneReady: rolloutOf(cache.get(deployments, { namespace, name: webServiceName(deployment, "keystone") }))
      .complete,
    now: cache.get(edgePolicies, { namespace, name: tokensPolicy(cloud) })?.spec?.jwt !== undefined,
  });
  if (!isChecked) return undefined;
  if (custody === undefined) throw new Error("the keys are held before tokens are checked");
  // As the pass holds them: were they gone meanwhile, nothing would be checked until they are put back.
  return jwksOf(custody.values("jws"));
}
