import { join } from "node:path";
import { readJson, writeJson } from "./files.ts";
import type { OpenStackHandle } from "./openstack/handle.ts";

/** What a running cluster says about itself in `<stateDir>/cluster.json`, which is written when its start is complete. */
export interface ClusterFile {
  readonly stateDir: string;
  readonly logsDir: string;
  /** As cluster administrator. */
  readonly kubeconfigPath: string;
  readonly serverUrl: string;
  /** JSON lines of audit.k8s.io/v1 Event; see api-server-config.ts for what is in them. */
  readonly auditLogPath: string;
  readonly etcdDataDir: string;
  readonly etcdEndpoint: string;
  /** kubectl of the cluster's version. */
  readonly kubectl: string;
  /** The content of crds/ that was applied last. */
  readonly objectsKey: string;
  readonly openstack?: OpenStackHandle;
  /** The content of the operator that was started last. */
  readonly operatorKey?: string;
}

export function readClusterFile(stateDir: string): ClusterFile | undefined {
  return readJson<ClusterFile>(join(stateDir, "cluster.json"));
}

export function writeClusterFile(content: ClusterFile): void {
  writeJson(join(content.stateDir, "cluster.json"), content);
}
