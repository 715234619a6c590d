import { pods } from "#operator/api/foreign.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { calledThroughMesh, meshParts, accessPolicies as policiesOf } from "../children/mesh.ts";
import { selectorText } from "../children/metadata.ts";
import { meshProblem, stillClear } from "../decide/mesh.ts";
import type { CloudDeployment } from "../deployment.ts";
import { accessPolicies } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";

/** Whether all pods that are to have sidecars speak by them. Nothing waits for it: what does not answer is seen where it is asked. */
export async function checkMesh(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const parts = meshParts(deployment);
  if (parts.length === 0) return settled();
  const { namespace = "", name } = scope.object.metadata;
  const problem = meshProblem({
    parts,
    pods: await scope.kube.list(pods, { namespace, labelSelector: selectorText({ [CLOUD_LABEL]: name }) }),
    policies: new Map(
      policiesOf(deployment).map((policy) => [policy.metadata.name, scope.cache.get(accessPolicies, keyOf(policy))]),
    ),
  });
  if (problem !== undefined) {
    scope.results.set("MeshReady", waiting(problem));
    return settled({ pollAfterMs: unwellPoll(scope) });
  }
  const calls = parts
    .map((part) => ({ part, called: calledThroughMesh(deployment, part) }))
    .filter(({ called }) => called.length > 0)
    .map(({ part, called }) => `${part} to ${called.join(", ")}`);
  return settled({ message: `By mutual TLS: the operator; ${calls.join("; ")}. ${stillClear(deployment)}` });
}
