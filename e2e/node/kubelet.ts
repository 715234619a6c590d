import { join } from "node:path";
import { stringify } from "yaml";
import { writeWhole } from "../cluster/files.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { containerdSocket } from "./containerd.ts";
import { dnsAddress, type NodeContext, nodeFolders } from "./location.ts";
import { programKubeconfig } from "./program-kubeconfig.ts";

/** Starts kubelet. It registers the node by itself. */
export async function startKubelet(
  context: NodeContext,
  bin: string,
  kubernetes: Pick<Kubernetes, "authority" | "pki" | "serverUrl">,
): Promise<void> {
  const { config, podLogs } = nodeFolders(context);
  const { authority, pki } = kubernetes;
  const { name, address } = context.place;
  const serving = await pki.issued(authority, `kubelet-${name}`, { commonName: name, addresses: [address] });
  const user = { commonName: `system:node:${name}`, organizations: ["system:nodes"] };
  const kubeconfig = await programKubeconfig(context, kubernetes, "kubelet", user);
  const configuration = join(config, "kubelet.yaml");
  const resolver = join(config, "resolv.conf");
  // What pods that do not ask the cluster's DNS get: there is no other.
  writeWhole(resolver, "# no name server: the node has no way out\n", 0o644);
  writeWhole(
    configuration,
    stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      authentication: {
        x509: { clientCAFile: authority.certificateFile },
        webhook: { enabled: true },
        anonymous: { enabled: false },
      },
      authorization: { mode: "Webhook" },
      tlsCertFile: serving.certificateFile,
      tlsPrivateKeyFile: serving.keyFile,
      containerRuntimeEndpoint: `unix://${containerdSocket}`,
      cgroupDriver: "cgroupfs",
      // Machines with cgroups of version 1 are still about.
      failCgroupV1: false,
      failSwapOn: false,
      // Kernel tunables are compared and not set; see kubelet.sh for those that it compares with.
      protectKernelDefaults: true,
      // A root without CAP_SYS_RESOURCE may not lower it.
      oomScoreAdj: 0,
      clusterDNS: [dnsAddress],
      clusterDomain: "cluster.local",
      resolvConf: resolver,
      podLogsDir: podLogs,
      volumePluginDir: join(config, "volume-plugins"),
      // The disk is the host's: how full that is, is not this node's business; nor may images go that were imported.
      evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      nodeStatusUpdateFrequency: "4s",
      maxPods: 110,
    }),
  );
  context.processes.startProcess({
    name: "kubelet",
    command: "/bin/sh",
    args: [
      join(import.meta.dirname, "kubelet.sh"),
      join(config, "tunables"),
      join(bin, "kubelet"),
      `--config=${configuration}`,
      `--kubeconfig=${kubeconfig}`,
      "--root-dir=/var/lib/kubelet",
      "--cert-dir=/var/lib/kubelet/pki",
      `--hostname-override=${name}`,
      `--node-ip=${address}`,
      "--v=1",
    ],
    dependsOn: ["kube-apiserver", "containerd"],
  });
}
