import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { apply, type Kubectl } from "../cluster/kubectl.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { nodeName } from "./location.ts";
import { programKubeconfig } from "./program-kubeconfig.ts";

/** As manifests/network-policies.yaml has it. */
const userName = "nephele-local-network-policies";

/** Starts what enforces NetworkPolicies of the node's pods, as a cluster's network plug-in does. */
export async function startNetworkPolicies(
  context: ClusterContext,
  bin: string,
  kubernetes: Kubernetes,
  run: Kubectl,
): Promise<void> {
  const kubeconfig = await programKubeconfig(context, kubernetes, "network-policies", { commonName: userName });
  await apply(run, join(import.meta.dirname, "manifests", "network-policies.yaml"));
  context.processes.startProcess({
    name: "network-policies",
    command: join(bin, "network-policies"),
    args: [`-kubeconfig=${kubeconfig}`, `-node=${nodeName}`],
    dependsOn: ["kube-apiserver"],
  });
}
