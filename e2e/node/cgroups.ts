import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNotFound } from "../cluster/files.ts";
import { until } from "../cluster/wait.ts";

/** One hierarchy of cgroups as it is mounted on this machine. */
export interface Hierarchy {
  /** Where it is mounted. */
  readonly folder: string;
  readonly type: "cgroup" | "cgroup2";
  /** What to mount it with again: controllers, or the name of a hierarchy without any; empty for version 2. */
  readonly options: string;
}

/** Options of a mount that say nothing of which hierarchy it is. */
const common =
  /^(rw|ro|nosuid|nodev|noexec|relatime|seclabel|xattr|clone_children|release_agent=.*|nsdelegate|memory_.*)$/;

/** The hierarchies in the text of /proc/mounts (proc(5)), each mount point once. */
export function parseHierarchies(mounts: string): readonly Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mounts.split("\n")) {
    const [, folder = "", type = "", options = ""] = line.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const own = options.split(",").filter((option) => !common.test(option));
    found.set(folder, { folder, type, options: type === "cgroup2" ? "" : own.join(",") });
  }
  return [...found.values()];
}

/** The cgroups of one node: a folder of the same name in every hierarchy, below it one for what is no pod. */
export interface Cgroups {
  readonly hierarchies: readonly Hierarchy[];
  /** The folders that are the root of what the node sees. */
  readonly roots: readonly string[];
  /** The folders that the node's own processes are in; kubelet makes those of pods beside them. */
  readonly system: readonly string[];
}

export function cgroupsOf(name: string, hierarchies = parseHierarchies(readFileSync("/proc/mounts", "utf8"))): Cgroups {
  if (hierarchies.length === 0) throw new Error("no cgroups are mounted on this machine: the node needs them");
  const roots = hierarchies.map(({ folder }) => join(folder, name));
  return { hierarchies, roots, system: roots.map((root) => join(root, "system")) };
}

/** Makes the folders. */
export function makeCgroups(cgroups: Cgroups): void {
  for (const folder of [...cgroups.roots, ...cgroups.system]) {
    mkdirSync(folder, { recursive: true });
    // Version 1: a new cgroup may use no processor before it is told which.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) inherit(folder, file);
  }
}

/**
 * Takes the processes of the node's root out of the root, where version 2 allows none beside children with controllers.
 * The root must be the one that they see, so they cannot be put there at first.
 */
export function moveToSystem(cgroups: Cgroups, pids: readonly number[]): void {
  for (const folder of cgroups.system) {
    for (const pid of pids) writeFileSync(join(folder, "cgroup.procs"), String(pid));
  }
}

/** Removes the folders and all below them. What still runs there must end within ten seconds, or it throws. */
export async function removeCgroups(cgroups: Cgroups): Promise<void> {
  await until(`the end of what runs in ${cgroups.roots[0]}`, 10_000, async () => {
    for (const root of cgroups.roots) removeTree(root);
    return true;
  });
}

function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(folder, entry.name));
    }
    rmdirSync(folder);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function inherit(folder: string, file: string): void {
  try {
    if (readFileSync(join(folder, file), "utf8").trim() !== "") return;
    writeFileSync(join(folder, file), readFileSync(join(folder, "..", file)));
  } catch (error) {
    // Not a hierarchy with this controller, or version 2, which inherits by itself.
    if (!isNotFound(error)) throw error;
  }
}
