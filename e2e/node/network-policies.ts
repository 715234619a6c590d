import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { writeKubeconfig } from "../cluster/kubeconfig-file.ts";
import { apply, type Kubectl } from "../cluster/kubectl.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { nodeFolders, nodeName } from "./location.ts";

/** As manifests/network-policies.yaml has it. */
const userName = "nephele-local-network-policies";

/** Starts what enforces NetworkPolicies of the node's pods, as a cluster's network plug-in does. */
export async function startNetworkPolicies(
  context: ClusterContext,
  bin: string,
  kubernetes: Kubernetes,
  run: Kubectl,
): Promise<void> {
  const kubeconfig = join(nodeFolders(context).config, "network-policies.kubeconfig");
  const { authority, serverUrl } = kubernetes;
  const client = await authority.issue({ commonName: userName });
  writeKubeconfig(kubeconfig, { server: serverUrl, authority: authority.certificate, client });
  await apply(run, join(import.meta.dirname, "manifests", "network-policies.yaml"));
  context.processes.startProcess({
    name: "network-policies",
    command: join(bin, "network-policies"),
    args: [`-kubeconfig=${kubeconfig}`, `-node=${nodeName}`],
    dependsOn: ["kube-apiserver"],
  });
}
