import { join } from "node:path";
import { writeWhole } from "../cluster/files.ts";
import { until } from "../cluster/wait.ts";
import { type Entry, runInside } from "./inside.ts";
import { type NodeContext, type NodePlace, nodeFolders } from "./location.ts";

export const containerdProcess = "containerd";
/** containerd's socket inside the node. */
export const containerdSocket = "/run/containerd/containerd.sock";

/** Runs ctr, containerd's own client, on what kubelet sees of it. */
export type Ctr = (args: readonly string[], input?: string) => Promise<string>;

export function ctrOf(entry: Entry, bin: string): Ctr {
  return (args, input) =>
    runInside(entry, join(bin, "ctr"), [`--address=${containerdSocket}`, "--namespace=k8s.io", ...args], input);
}

/** Starts containerd with its images in `store`, and waits until it answers. `pause` is the reference of what holds pods. */
export async function startContainerd(
  context: NodeContext,
  bin: string,
  options: { readonly store: string; readonly pause: string; readonly ctr: Ctr },
): Promise<void> {
  const { config } = nodeFolders(context);
  const cni = join(config, "cni");
  const configuration = join(config, "containerd.toml");
  writeWhole(join(cni, "10-pods.conflist"), podNetworkConfiguration(context.place));
  writeWhole(configuration, containerdConfiguration({ ...options, bin, cni }));
  context.processes.startProcess({
    name: containerdProcess,
    command: join(bin, "containerd"),
    args: [`--config=${configuration}`],
    // It finds its shim and runc by PATH.
    env: { PATH: `${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
  });
  await until("containerd's answer", 30_000, async () => {
    await options.ctr(["version"]);
    return true;
  });
}

/** containerd's configuration, version 3 (containerd's docs/cri/config.md). */
function containerdConfiguration(values: {
  readonly store: string;
  readonly pause: string;
  readonly bin: string;
  readonly cni: string;
}): string {
  return `version = 3
root = "${values.store}"
state = "/run/containerd/state"

[grpc]
  address = "${containerdSocket}"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${values.pause}"

[plugins."io.containerd.cri.v1.runtime"]
  # A root without CAP_SYS_RESOURCE may not lower the score that decides who ends when memory does.
  restrict_oom_score_adj = true

  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false

  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${values.bin}"]
    conf_dir = "${values.cni}"
`;
}

/**
 * The pods' network: a bridge that also leads a pod back to itself through a Service (CNI specification 1.0). A pod keeps
 * its address wherever it speaks to: there is no way out, and the other node's NetworkPolicies ask who it is.
 */
function podNetworkConfiguration({ pods }: NodePlace): string {
  return JSON.stringify({
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "pods",
        isGateway: true,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: pods }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    ],
  });
}
