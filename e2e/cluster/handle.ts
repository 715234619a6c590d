import { join } from "node:path";
import { type ClusterFile, readClusterFile } from "./cluster-file.ts";
import { compactEtcd, etcdClient } from "./etcd.ts";
import type { HttpsClient } from "./https.ts";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import { adminClient, apiServerReady } from "./kubernetes.ts";
import { clusterLocation } from "./location.ts";
import { openPki } from "./pki.ts";
import { openProcesses, type ProcessRecord } from "./processes.ts";

/** A running local cluster as tests use it: where things are, and faults to make. */
export interface ClusterHandle extends ClusterFile {
  /** A client of the API server as cluster administrator. Close it. */
  admin(): Promise<HttpsClient>;
  /**
   * Writes a kubeconfig with a client certificate for a user in groups, and returns its path. The same user with the
   * same groups gets the same path.
   */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** Stops a process and starts it again with the same data and port; waits until the API server is ready. */
  restartApiServer(): Promise<void>;
  /** Stops a process, as a fault. SIGKILL gives it no time to say good-bye. */
  stop(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a process that was stopped. It may need a moment until it answers. */
  start(name: string): ProcessRecord;
  /** Compacts etcd up to now: whoever watches from an older version gets 410 Gone when he comes back. */
  compactEtcd(): Promise<void>;
}

/** The cluster of a state folder. Throws when none is up there. */
export function openCluster(stateDir: string = clusterLocation().stateDir): ClusterHandle {
  const file = readClusterFile(stateDir);
  if (file === undefined) throw new Error(`no local cluster is up in ${stateDir}: start it with "make up"`);
  const pki = openPki(join(stateDir, "pki"));
  const authority = () => pki.authority("ca", "nephele-local");
  const processes = openProcesses(stateDir, file.logsDir);
  const admin = async (): Promise<HttpsClient> =>
    adminClient({ serverUrl: file.serverUrl, authority: await authority() });

  return {
    ...file,
    admin,
    kubeconfigFor: async (user, groups = []) => {
      const ca = await authority();
      const path = join(stateDir, "users", `${[user, ...groups].join("+").replaceAll(/[^\w.+-]/g, "_")}.kubeconfig`);
      const client = await ca.issue({ commonName: user, organizations: groups });
      writeKubeconfig(path, { server: file.serverUrl, authority: ca.certificate, client });
      return path;
    },
    restartApiServer: async () => {
      await processes.stopProcess("kube-apiserver");
      processes.startAgain("kube-apiserver");
      const https = await admin();
      try {
        await processes.whileRunning(apiServerReady(https));
      } finally {
        await https.close();
      }
    },
    stop: (name, signal) => processes.stopProcess(name, signal === undefined ? {} : { signal }),
    start: (name) => processes.startAgain(name),
    compactEtcd: async () => {
      const etcdAuthority = await pki.authority("etcd-ca", "etcd-ca");
      const client = await pki.issued(etcdAuthority, "etcd-client", { commonName: "kube-apiserver" });
      const https = etcdClient({ endpoint: file.etcdEndpoint, client }, etcdAuthority.certificate);
      try {
        await compactEtcd(https);
      } finally {
        await https.close();
      }
    },
  };
}
