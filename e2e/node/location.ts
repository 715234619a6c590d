import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ClusterLocation } from "../cluster/location.ts";

/** The node's name. */
export const nodeName = "node";
/** Addresses within the node's network, which is its own: the same in every cluster. */
export const nodeAddress = "10.10.0.1";
export const nodeAddressPrefix = 24;
export const podNetwork = "10.244.0.0/24";
/** As kubernetes.ts gives it to the API server. */
export const serviceNetwork = "10.96.0.0/16";
export const dnsAddress = "10.96.0.10";

/** The name of a cluster's cgroups: of one folder only, so that several clusters run side by side. */
export function cgroupName(stateDir: string): string {
  return `nephele-${createHash("sha256").update(stateDir).digest("hex").slice(0, 12)}`;
}

/** The folders of a node within its cluster's state. */
export function nodeFolders({ stateDir }: Pick<ClusterLocation, "stateDir">) {
  return {
    /** Where the node's root is put together; empty as the host sees it. */
    root: join(stateDir, "root"),
    config: join(stateDir, "config"),
    kubelet: join(stateDir, "kubelet"),
    podLogs: join(stateDir, "pod-logs"),
    /** The volumes of the StorageClass `local`. */
    volumes: join(stateDir, "volumes"),
  } as const;
}
