import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { accessPolicies } from "../children/mesh.ts";
import { networkPolicies } from "../children/network-policies.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { edgeStands } from "./edge.ts";

/** Who may speak with whom, on the network and in the mesh, before there is anybody; and whether the pods get user namespaces. */
export async function confine(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const withEdge = edgeStands(scope, deployment);
  await applyAll(scope, [...networkPolicies(deployment, withEdge), ...accessPolicies(deployment, withEdge)]);
  scope.results.set(
    "Confined",
    deployment.platform.userNamespaces
      ? settled({ message: "Pods are restricted and in user namespaces" })
      : waiting("user namespaces: the operator was started with --no-user-namespaces", { reason: "UserNamespacesOff" }),
  );
  return settled();
}
