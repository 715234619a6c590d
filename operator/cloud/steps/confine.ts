import { pods } from "#operator/api/foreign.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { accessPolicies } from "../children/access-policies.ts";
import { meshParts } from "../children/mesh.ts";
import { selectorText } from "../children/metadata.ts";
import { networkPolicies } from "../children/network-policies.ts";
import { podsInClear } from "../decide/mesh.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { applyAll } from "./apply.ts";
import { edgeStands } from "./edge.ts";

/** Who may speak with whom, on the network and in the mesh, before there is anybody; and whether the pods get user namespaces. */
export async function confine(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const withEdge = edgeStands(scope, deployment);
  if (meshParts(deployment).length > 0) {
    const { namespace = "", name } = scope.object.metadata;
    scope.pods = await scope.kube.list(pods, { namespace, labelSelector: selectorText({ [CLOUD_LABEL]: name }) });
  }
  const standing = { edgeStands: withEdge, inClear: podsInClear(scope.pods).length > 0 };
  await applyAll(scope, [...networkPolicies(deployment, standing), ...accessPolicies(deployment, withEdge)]);
  scope.results.set(
    "Confined",
    deployment.platform.userNamespaces
      ? settled({ message: "Pods are restricted and in user namespaces" })
      : waiting("user namespaces: the operator was started with --no-user-namespaces", { reason: "UserNamespacesOff" }),
  );
  return settled();
}
