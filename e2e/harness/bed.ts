import { randomBytes } from "node:crypto";
import { type ClusterFile, readClusterFile } from "#e2e/cluster/cluster-file.ts";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { createClient } from "#runtime/client/client.ts";
import { type Connection, connect } from "#runtime/client/connection.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport, type Transport } from "#runtime/client/transport.ts";

/** The running local cluster, as tests use it. */
export interface Bed {
  readonly cluster: ClusterFile;
  /** As cluster administrator. */
  readonly kube: KubeClient;
  readonly transport: Transport;
  /** As another user, by impersonation; RBAC and admission see that user. */
  as(user: string, groups?: readonly string[]): Promise<KubeClient>;
  close(): Promise<void>;
}

/**
 * @param stateDir the cluster's state folder; the one that vitest's set-up starts where none is given
 * @throws Error when that cluster is not running
 */
export async function openBed(stateDir = clusterLocation().stateDir): Promise<Bed> {
  const cluster = readClusterFile(stateDir);
  if (cluster === undefined) throw new Error(`no cluster runs with its state in ${stateDir}: CLUSTER=control make up`);
  const kubeconfig = cluster.kubeconfigPath;
  const connections: Connection[] = [];
  const open = async (impersonate?: { user: string; groups: readonly string[] }): Promise<Transport> => {
    const connection = await connect({ kubeconfig, ...(impersonate === undefined ? {} : { impersonate }) });
    connections.push(connection);
    return createTransport(connection, { userAgent: "nephele-tests" });
  };
  const transport = await open();
  return {
    cluster,
    kube: createClient(transport),
    transport,
    as: async (user, groups = []) => createClient(await open({ user, groups })),
    close: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** A name that no other test uses: `t-project-1f2e3d`. */
export function unique(prefix: string): string {
  return `t-${prefix}-${randomBytes(3).toString("hex")}`;
}
