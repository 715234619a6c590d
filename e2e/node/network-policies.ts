import { join } from "node:path";
import { apply, type Kubectl } from "../cluster/kubectl.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import type { NodeContext } from "./location.ts";
import { programKubeconfig } from "./program-kubeconfig.ts";

/** As manifests/network-policies.yaml has it. */
const userName = "nephele-local-network-policies";

/** Starts what enforces NetworkPolicies of the node's pods, as a cluster's network plug-in does. */
export async function startNetworkPolicies(
  context: NodeContext,
  bin: string,
  kubernetes: Pick<Kubernetes, "authority" | "serverUrl">,
  run: Kubectl,
): Promise<void> {
  const kubeconfig = await programKubeconfig(context, kubernetes, "network-policies", { commonName: userName });
  await apply(run, join(import.meta.dirname, "manifests", "network-policies.yaml"));
  context.processes.startProcess({
    name: "network-policies",
    command: join(bin, "network-policies"),
    args: [`-kubeconfig=${kubeconfig}`, `-node=${context.place.name}`],
    dependsOn: ["kube-apiserver"],
  });
}
