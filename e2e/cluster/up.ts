import { upWithCloud } from "../node/with-cloud.ts";
import { type BuiltTools, tools } from "../tools/build.ts";
import { withLock } from "../tools/lock.ts";
import { installCdi, startCdi } from "./cdi.ts";
import { type ClusterFile, readClusterFile, writeClusterFile } from "./cluster-file.ts";
import type { ClusterContext } from "./context.ts";
import { removeEverything } from "./down.ts";
import type { HttpsClient } from "./https.ts";
import { kubectl } from "./kubectl.ts";
import { adminClient, type Kubernetes, startKubernetes } from "./kubernetes.ts";
import { installKubeVirt, startKubeVirt } from "./kubevirt.ts";
import type { ClusterLocation } from "./location.ts";
import { applyNepheleObjects, ensureNamespace, nepheleObjectsKey, systemNamespace } from "./nephele-objects.ts";
import { ensurePlayedNode } from "./node.ts";
import { startOpenStack } from "./openstack/openstack.ts";
import { operatorKey, operatorProcess, startOperator } from "./operator.ts";
import { upExisting, upKind } from "./other-clusters.ts";
import { startPlayedKubelet } from "./played-kubelet.ts";
import { openPorts } from "./ports.ts";
import { openProcesses, type Processes } from "./processes.ts";
import { openSteps, type Steps } from "./steps.ts";
import { wantedCluster, wantedLocation } from "./wanted.ts";

/** The programs of the Kubernetes side, built. */
export interface Programs {
  readonly kubernetes: BuiltTools;
  readonly kubevirt: BuiltTools;
  readonly cdi: BuiltTools;
}

/**
 * Brings the local cluster up, or finds it up. A cluster of which a process has ended is taken down and started
 * afresh. Only one program at a time does this for a state folder; others wait and find the result.
 */
export async function up(location: ClusterLocation, print: (line: string) => void): Promise<ClusterFile> {
  return await withLock(
    `cluster ${location.stateDir}`,
    () => upAlone(location, print),
    () => print("another process starts this cluster, waiting"),
  );
}

async function upAlone(location: ClusterLocation, print: (line: string) => void): Promise<ClusterFile> {
  const steps = openSteps(print);
  const processes = openProcesses(location.stateDir, location.logsDir);
  const running = await findRunning(location, processes, steps);
  if (running !== undefined) return running;
  const programs = await allTools(print);
  const context: ClusterContext = { ...location, processes, steps, ports: openPorts(location.stateDir) };
  try {
    return await processes.whileRunning(start(context, programs));
  } catch (error) {
    await processes.stopAll();
    throw error;
  }
}

/** The cluster as it runs, brought up to date with crds/; undefined, and nothing left of it, when something is amiss. */
async function findRunning(
  location: ClusterLocation,
  processes: Processes,
  steps: Steps,
): Promise<ClusterFile | undefined> {
  const found = readClusterFile(location.stateDir);
  // The operator alone is started again without the rest: its state is in the API server.
  const dead = processes.list().filter(({ name }) => name !== operatorProcess && !processes.isRunning(name));
  if (found !== undefined && dead.length === 0) {
    const objectsKey = nepheleObjectsKey();
    const changed = { ...found, objectsKey, operatorKey: operatorKey() };
    if (found.objectsKey !== objectsKey) {
      await steps.step("changed CRDs and policies", () =>
        applyNepheleObjects(kubectl(found.kubectl, found.kubeconfigPath)),
      );
    }
    if (found.operatorKey !== changed.operatorKey || !processes.isRunning(operatorProcess)) {
      await startOperator({ processes, steps, stateDir: location.stateDir }, changed);
    }
    writeClusterFile(changed);
    return changed;
  }
  if (dead.length > 0) steps.print(`not running: ${dead.map((record) => record.name).join(", ")}; starting afresh`);
  await removeEverything(location, processes);
  return undefined;
}

/** Go builds take all the machine has, so they come one after another and before anything runs. */
export async function allTools(print: (line: string) => void): Promise<Programs> {
  const kubernetes = await tools("kubernetes", print);
  const kubevirt = await tools("kubevirt", print);
  const cdi = await tools("cdi", print);
  return { kubernetes, kubevirt, cdi };
}

/** OpenStack and Kubernetes know nothing of each other: they start side by side. */
async function start(context: ClusterContext, programs: Programs): Promise<ClusterFile> {
  const [kubernetes, openstack] = await Promise.all([startOnKubernetes(context, programs), startOpenStack(context)]);
  const file = { ...kubernetes, openstack, operatorKey: operatorKey() };
  await startOperator(context, file);
  writeClusterFile(file);
  return file;
}

/** Kubernetes with KubeVirt, CDI and Nephele's CRDs and policies; neither OpenStack nor the operator. */
export async function startOnKubernetes(context: ClusterContext, programs: Programs): Promise<ClusterFile> {
  const { steps, stateDir, logsDir } = context;
  const kubernetes = await startKubernetes(context, programs.kubernetes.bin);
  const run = kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath);
  const https = await adminClient(kubernetes);
  const objectsKey = nepheleObjectsKey();
  try {
    await ensureNamespace(https, systemNamespace);
    await ensurePlayedNode(https);
    await startPlayedKubelet(context, kubernetes);
    await Promise.all([
      steps.step("Nephele's CRDs and policies", () => applyNepheleObjects(run)),
      startVirtualisation(context, kubernetes, programs, https),
    ]);
  } finally {
    await https.close();
  }
  return {
    stateDir,
    logsDir,
    kubeconfigPath: kubernetes.kubeconfigPath,
    serverUrl: kubernetes.serverUrl,
    auditLogPath: kubernetes.auditLogPath,
    etcdDataDir: kubernetes.etcd.dataDir,
    etcdEndpoint: kubernetes.etcd.endpoint,
    kubectl: kubernetes.kubectl,
    objectsKey,
  };
}

/** KubeVirt looks once, when it starts, whether CDI is there. */
async function startVirtualisation(
  context: ClusterContext,
  kubernetes: Kubernetes,
  programs: Programs,
  https: HttpsClient,
): Promise<void> {
  await Promise.all([
    installCdi(context, kubernetes, programs.cdi, https),
    installKubeVirt(context, kubernetes, programs.kubevirt, https),
  ]);
  await Promise.all([
    startCdi(context, kubernetes, programs.cdi, https),
    startKubeVirt(context, kubernetes, programs.kubevirt, https),
  ]);
}

/** Brings up the cluster that CLUSTER names, and returns its kubeconfig's path. */
async function upWanted(print: (line: string) => void): Promise<string> {
  const location = wantedLocation();
  switch (wantedCluster()) {
    case "control":
      return (await up(location, print)).kubeconfigPath;
    case "node":
      return await upWithCloud(location, print);
    case "existing":
      return await upExisting(print);
    case "kind":
      return await upKind(location.stateDir, print);
  }
}

if (import.meta.main) {
  try {
    const kubeconfig = await upWanted((line) => process.stdout.write(`${line}\n`));
    process.stdout.write(`The cluster is up. export KUBECONFIG=${kubeconfig}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    // Not by exitCode: what still waits for a part that will never come would keep this program for a minute.
    process.exit(1);
  }
}
