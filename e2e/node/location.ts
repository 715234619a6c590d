import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import type { ClusterLocation } from "../cluster/location.ts";

/** A node's place in its cluster. The networks are the cluster's own, so these are the same in every cluster. */
export interface NodePlace {
  readonly name: string;
  readonly address: string;
  /** The addresses of its pods. */
  readonly pods: string;
}

/** The node that is there from the start, with the control plane. */
export const firstNode: NodePlace = { name: "node", address: "10.10.0.1", pods: "10.244.0.0/24" };
/** One that joins it for a while (second-node.ts). */
export const secondNode: NodePlace = { name: "node-2", address: "10.10.0.2", pods: "10.244.1.0/24" };
export const nodeName = firstNode.name;
export const nodeAddressPrefix = 24;
/** The addresses of all nodes' pods. */
export const podNetwork = "10.244.0.0/16";
/** As kubernetes.ts gives it to the API server. */
export const serviceNetwork = "10.96.0.0/16";
export const dnsAddress = "10.96.0.10";

/** The name of a cluster's cgroups: of one folder only, so that several clusters run side by side. */
export function cgroupName(stateDir: string): string {
  return `nephele-${createHash("sha256").update(stateDir).digest("hex").slice(0, 12)}`;
}

/** Where the second node of a cluster keeps its state: within its cluster's, so that it goes with that. */
export function secondLocation({ stateDir, logsDir }: ClusterLocation): ClusterLocation {
  return { stateDir: join(stateDir, "second"), logsDir: join(logsDir, "second") };
}

/** What each part of a node gets when it is started. */
export interface NodeContext extends ClusterContext {
  readonly place: NodePlace;
}

/** The folders of a node within its state. */
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
