import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseHierarchies } from "./cgroups.ts";
import { cgroupName } from "./location.ts";

/** What a node could leave behind on its host, each as lines that are alike when nothing has changed. */
export type HostState = Readonly<Record<string, readonly string[]>>;

/** Settings of the whole machine that kubelet, kube-proxy or a CNI plugin would write. */
const tunables = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
  "net/ipv4/ip_forward",
  "net/ipv4/conf/all/route_localnet",
  "net/bridge/bridge-nf-call-iptables",
  "net/netfilter/nf_conntrack_max",
];

/** Folders that a node would make at fixed paths. */
const fixedFolders = [
  "/etc/cni",
  "/opt/cni",
  "/opt/containerd",
  "/run/containerd",
  "/run/netns",
  "/usr/libexec/kubernetes",
  "/var/lib/cni",
  "/var/lib/kubelet",
  "/var/log/containers",
  "/var/log/pods",
];

/** The host as it is now, as far as a node with this state folder concerns it. */
export async function hostState(stateDir: string): Promise<HostState> {
  const mounts = readFileSync("/proc/mounts", "utf8");
  return {
    mounts: lines(mounts),
    cgroups: parseHierarchies(mounts).flatMap(({ folder }) => cgroupsBelow(folder, cgroupName(stateDir))),
    links: lines(await said("ip", "-oneline", "link")).map((line) => line.split(":").slice(1, 2).join().trim()),
    addresses: lines(await said("ip", "-oneline", "address")).map((line) => line.split(/\s+/).slice(1, 4).join(" ")),
    routes: lines(await said("ip", "route", "show", "table", "all")),
    rules: lines(await said("nft", "--stateless", "list", "ruleset")),
    tunables: tunables
      .filter((name) => existsSync(`/proc/sys/${name}`))
      .map((name) => `${name} ${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`),
    folders: fixedFolders
      .filter((path) => existsSync(path))
      .flatMap((path) => [path, ...readdirSync(path).map((name) => join(path, name))]),
    processes: processesOf(stateDir),
    state: existsSync(stateDir) ? [stateDir] : [],
  };
}

/** What is in one state and not in the other: `+ kind: line` for what came, `- kind: line` for what went. */
export function differences(before: HostState, after: HostState): readonly string[] {
  return Object.keys(before).flatMap((kind) => {
    const [old = [], now = []] = [before[kind], after[kind]];
    return [
      ...now.filter((line) => !old.includes(line)).map((line) => `+ ${kind}: ${line}`),
      ...old.filter((line) => !now.includes(line)).map((line) => `- ${kind}: ${line}`),
    ];
  });
}

/** Cgroups of ours and of nobody in particular; those of other clusters, which may come and go, say so by their name. */
function cgroupsBelow(folder: string, own: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && (entry.name === own || !entry.name.startsWith("nephele-")))
    .map((entry) => join(folder, entry.name));
}

/** Processes that name the state folder, or are in the node's cgroups. */
function processesOf(stateDir: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const command = readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
      const belongs = command.includes(stateDir) || readText(`/proc/${pid}/cgroup`).includes(cgroupName(stateDir));
      return belongs ? [`${pid} ${command}`] : [];
    });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended meanwhile.
    return "";
  }
}

async function said(command: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(command, [...args])).stdout;
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
