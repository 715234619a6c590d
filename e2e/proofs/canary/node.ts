import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { NodeHandle } from "#e2e/node/handle.ts";
import { nodeFolders } from "#e2e/node/location.ts";
import { cacheRoot } from "#e2e/tools/cache.ts";
import { type Searched, searchPath, together } from "./files.ts";
import { type Canary, searcherFor } from "./search.ts";

/**
 * Searches the files of a node that changed since a time, as its own programs see them: volumes that kubelet holds in memory
 * are mounted in its namespace alone. Places are the node's paths.
 * @throws Error where a folder cannot have been looked at
 */
export async function searchNode(node: NodeHandle, canaries: readonly Canary[], since: Date): Promise<Searched> {
  const { podLogs, volumes } = nodeFolders(node.cluster);
  // In /var are the folders of kubelet and KubeVirt; in /run KubeVirt's others and the containers' root file systems, whose
  // layers are in containerd's store; the volumes are disks of guests and images, and what CDI imports by.
  const folders = ["/run", "/tmp", "/var", volumes, join(cacheRoot(), "node")];
  const parts: Searched[] = [];
  for (const folder of folders) {
    parts.push(searchWithControl(node, canaries, folder, since));
    await letOthersRun();
  }
  // Without a control of ours: kubelet takes away what it does not know there. Pods that stay write all the time.
  const logs = searchPath(searcherFor(canaries), onHost(node, podLogs), since);
  if (logs.places === 0) throw new Error(`the search of ${podLogs} on the node is broken: no log there has changed`);
  return onNode(node, together([...parts, logs]));
}

/** Searches what is on one volume of a node. Places are the node's paths. */
export function searchVolume(node: NodeHandle, canaries: readonly Canary[], volume: string): Searched {
  return onNode(node, searchPath(searcherFor(canaries), onHost(node, join(nodeFolders(node.cluster).volumes, volume))));
}

/** Puts a value in the open, in a file of the folder: where it is not found, the search is broken. */
function searchWithControl(node: NodeHandle, canaries: readonly Canary[], folder: string, since: Date): Searched {
  const open: Canary = { name: "the value in the open", value: randomBytes(16).toString("hex") };
  const path = onHost(node, folder);
  const file = join(path, `canary-${open.value.slice(0, 8)}`);
  writeFileSync(file, open.value);
  try {
    const searched = searchPath(searcherFor([...canaries, open]), path, since);
    if (!searched.findings.some(({ canary, place }) => canary === open.name && place === file))
      throw new Error(`the search of ${folder} on the node is broken: it does not find what was put there`);
    return { ...searched, findings: searched.findings.filter(({ canary }) => canary !== open.name) };
  } finally {
    rmSync(file, { force: true });
  }
}

/** What was found, with the node's paths. */
function onNode(node: NodeHandle, { findings, ...searched }: Searched): Searched {
  const root = onHost(node, "/");
  return {
    ...searched,
    findings: findings.map((finding) => ({ ...finding, place: `/${finding.place.slice(root.length)}` })),
  };
}

/** Where the host finds a path of the node's mount namespace. */
function onHost({ sandbox }: NodeHandle, path: string): string {
  return join(`/proc/${sandbox.pid}/root`, path);
}
