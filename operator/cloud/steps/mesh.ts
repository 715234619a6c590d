import { keyOf } from "#runtime/api/object.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { accessPolicies as policiesOf } from "../children/access-policies.ts";
import { calledThroughMesh, meshParts, partsWithSidecar } from "../children/mesh.ts";
import { membersOf } from "../children/postgresql-members.ts";
import { meshProblem, podsInClear, stillClear } from "../decide/mesh.ts";
import type { CloudDeployment } from "../deployment.ts";
import { accessPolicies } from "../resources.ts";
import { type CloudScope, unwellPoll } from "../scope.ts";

/** Whether all pods that are to have sidecars speak by them. Nothing waits for it: what does not answer is seen where it is asked. */
export async function checkMesh(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const parts = meshParts(deployment);
  if (parts.length === 0) return settled();
  const problem = meshProblem({
    parts,
    pods: scope.pods,
    policies: new Map(
      policiesOf(deployment).map((policy) => [policy.metadata.name, scope.cache.get(accessPolicies, keyOf(policy))]),
    ),
  });
  if (problem !== undefined) {
    scope.results.set("MeshReady", waiting(problem));
    return settled({ pollAfterMs: unwellPoll(scope) });
  }
  const calls = partsWithSidecar(deployment)
    .map((part) => ({ part, called: calledThroughMesh(deployment, part) }))
    .filter(({ called }) => called.length > 0)
    .map(({ part, called }) => `${part} to ${called.join(", ")}`);
  const among = membersOf(deployment).length > 1 ? ["postgresql's members to each other"] : [];
  return settled({
    message: `By mutual TLS: ${["the operator", ...calls, ...among].join("; ")}. ${stillClear(deployment, podsInClear(scope.pods))}`,
  });
}
