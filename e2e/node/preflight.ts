import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ensureInstalled, type SystemNeed } from "../tools/debian.ts";

/** What the node needs of the system besides what Debian's base has. */
const needs: readonly SystemNeed[] = [
  { package: "iproute2", program: "ip" },
  // kube-proxy and the CNI plugins write their rules by it.
  { package: "nftables", program: "nft" },
  { package: "util-linux", program: "unshare" },
];

const instead = "Use CLUSTER=control (a control plane without a node) or CLUSTER=kind (needs Docker) instead.";

/** Throws, and says what to do instead, where this is not root: before anything of a node's, which is root's, is read. */
export function ensureRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new Error(`CLUSTER=node makes namespaces, mounts and cgroups of its own, which needs root. ${instead}`);
}

/** Throws, and says what to do instead, where this machine cannot run a node; installs what is only missing. */
export async function ensureNodePossible(print: (line: string) => void): Promise<void> {
  await ensureInstalled(needs, print);
  try {
    const all = ["--cgroup", "--mount", "--net", "--uts", "--ipc", "--pid", "--fork"];
    const probe = "mount -t tmpfs probe /mnt && ip link add probe type bridge && nft list ruleset";
    await promisify(execFile)("unshare", [...all, "/bin/sh", "-c", probe]);
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new Error(
      `this machine does not let root make namespaces with mounts, a bridge and rules of nftables: ${said}. ${instead}`,
      { cause: error },
    );
  }
}
