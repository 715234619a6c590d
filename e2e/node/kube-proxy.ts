import { join } from "node:path";
import { stringify } from "yaml";
import { writeWhole } from "../cluster/files.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { type NodeContext, nodeFolders, podNetwork } from "./location.ts";
import { programKubeconfig } from "./program-kubeconfig.ts";

/** Starts kube-proxy, which leads the addresses of Services to pods by rules of nftables in the node's network. */
export async function startKubeProxy(
  context: NodeContext,
  bin: string,
  kubernetes: Pick<Kubernetes, "authority" | "serverUrl">,
): Promise<void> {
  const { config } = nodeFolders(context);
  const kubeconfig = await programKubeconfig(context, kubernetes, "kube-proxy", { commonName: "system:kube-proxy" });
  const configuration = join(config, "kube-proxy.yaml");
  writeWhole(
    configuration,
    stringify({
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      mode: "nftables",
      clusterCIDR: podNetwork,
      hostnameOverride: context.place.name,
      clientConnection: { kubeconfig },
      // A root without CAP_SYS_RESOURCE may not lower it; and the table of connections is the whole machine's.
      oomScoreAdj: 0,
      conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" },
    }),
  );
  context.processes.startProcess({
    name: "kube-proxy",
    command: join(bin, "kube-proxy"),
    args: [`--config=${configuration}`],
    dependsOn: ["kube-apiserver"],
  });
}
