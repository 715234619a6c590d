import { rmSync } from "node:fs";
import { join } from "node:path";
import { etcdClient } from "#e2e/cluster/etcd.ts";
import type { HttpsClient } from "#e2e/cluster/https.ts";
import { startKubernetes } from "#e2e/cluster/kubernetes.ts";
import { checkout } from "#e2e/cluster/location.ts";
import { openPorts } from "#e2e/cluster/ports.ts";
import { openProcesses } from "#e2e/cluster/processes.ts";
import { openSteps } from "#e2e/cluster/steps.ts";
import { tools } from "#e2e/tools/build.ts";
import { withLock } from "#e2e/tools/lock.ts";

/** An API server and its etcd, with nobody else at work. */
export interface Bed {
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly auditLog: string;
  readonly logsDir: string;
  /** etcd itself, to put many objects there at once. */
  readonly etcd: HttpsClient;
}

/**
 * Runs the work with an API server of its own, in NEPHELE_BENCH_DIR or `.cache/bench` of the checkout, and takes it
 * away afterwards. Controller manager and scheduler are stopped: they would watch and collect what is measured.
 */
export async function withBed<T>(print: (line: string) => void, work: (bed: Bed) => Promise<T>): Promise<T> {
  const stateDir = process.env["NEPHELE_BENCH_DIR"] || join(checkout, ".cache", "bench");
  const logsDir = join(stateDir, "logs");
  return await withLock(`cluster ${stateDir}`, async () => {
    const processes = openProcesses(stateDir, logsDir);
    const clear = async (): Promise<void> => {
      await processes.stopAll();
      rmSync(stateDir, { recursive: true, force: true });
    };
    await clear();
    try {
      const { bin } = await tools("kubernetes", print);
      const context = { stateDir, logsDir, processes, steps: openSteps(print), ports: openPorts(stateDir) };
      const kubernetes = await processes.whileRunning(startKubernetes(context, bin));
      for (const name of ["kube-scheduler", "kube-controller-manager"]) {
        await processes.stopProcess(name, { forget: true });
      }
      const { kubeconfigPath: kubeconfig, auditLogPath: auditLog, kubectl } = kubernetes;
      const etcdAuthority = await kubernetes.pki.authority("etcd-ca", "etcd-ca");
      const etcd = etcdClient(kubernetes.etcd, etcdAuthority.certificate);
      try {
        return await processes.whileRunning(work({ kubeconfig, kubectl, auditLog, logsDir, etcd }));
      } finally {
        await etcd.close();
      }
    } finally {
      await clear();
    }
  });
}
