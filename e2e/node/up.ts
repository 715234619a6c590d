import { join } from "node:path";
import { type ClusterFile, readClusterFile, writeClusterFile } from "../cluster/cluster-file.ts";
import type { ClusterContext } from "../cluster/context.ts";
import { ensureGatewayApi } from "../cluster/gateway-api.ts";
import { kubectl } from "../cluster/kubectl.ts";
import { type ControlPlaneShape, type Kubernetes, startKubernetes } from "../cluster/kubernetes.ts";
import type { ClusterLocation } from "../cluster/location.ts";
import { openPki } from "../cluster/pki.ts";
import { openPorts } from "../cluster/ports.ts";
import { openProcesses, type Processes } from "../cluster/processes.ts";
import { openSteps, type Steps } from "../cluster/steps.ts";
import { withLock } from "../tools/lock.ts";
import { installDns } from "./dns.ts";
import { removeNode } from "./down.ts";
import { programImage } from "./images.ts";
import { type Entry, inside } from "./inside.ts";
import { firstNode, type NodeContext } from "./location.ts";
import { enterSandbox, type NodePrograms, nodePrograms, nodeReady, startAgents, startContainers } from "./parts.ts";
import { ensureNodePossible, ensureRoot } from "./preflight.ts";
import { sandboxProcess } from "./sandbox.ts";
import { installStorage } from "./storage.ts";

/**
 * Brings a cluster with a real node up, or finds it up. One of which a process has ended is taken down and started afresh.
 * Only one program at a time does this for a state folder; others wait and find the result.
 */
export async function upNode(location: ClusterLocation, print: (line: string) => void): Promise<ClusterFile> {
  ensureRoot();
  return await withLock(
    `cluster ${location.stateDir}`,
    () => upAlone(location, print),
    () => print("another process starts this cluster, waiting"),
  );
}

async function upAlone(location: ClusterLocation, print: (line: string) => void): Promise<ClusterFile> {
  const processes = openProcesses(location.stateDir, location.logsDir);
  const found = readClusterFile(location.stateDir);
  const dead = processes.list().filter(({ name }) => !processes.isRunning(name));
  if (found !== undefined && dead.length === 0) return found;
  if (dead.length > 0) print(`not running: ${dead.map(({ name }) => name).join(", ")}; starting afresh`);
  await ensureNodePossible(print);
  await removeNode(location, processes);
  const programs = await nodePrograms(print);
  try {
    return await processes.whileRunning(start(location, processes, programs, openSteps(print)));
  } catch (error) {
    await removeNode(location, processes, { keepLogs: true });
    throw error;
  }
}

async function start(
  location: ClusterLocation,
  processes: Processes,
  programs: NodePrograms,
  steps: Steps,
): Promise<ClusterFile> {
  const ports = openPorts(location.stateDir);
  const outside: NodeContext = { ...location, processes, steps, ports, place: firstNode };
  const entry = await steps.step("namespaces", () => enterSandbox(outside, programs));
  const context: NodeContext = { ...outside, processes: inside(processes, entry) };
  await startForwarder(outside, programs, entry);
  const dns = await programImage(join(programs.containers.bin, "coredns"));
  const [kubernetes] = await Promise.all([
    startControlPlane(context, programs),
    startContainers(context, programs, entry, [dns]),
  ]);
  const run = kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath);
  await startAgents(context, programs, kubernetes, run);
  await Promise.all([
    steps.step("node Ready", () => nodeReady(run, firstNode)),
    steps.step("StorageClass", () => installStorage(context, programs.containers.bin, kubernetes, run)),
    steps.step("DNS", () => installDns(context, run, dns)),
    steps.step("Gateway API's CRDs", () => ensureGatewayApi(kubernetes)),
  ]);
  const file: ClusterFile = {
    ...location,
    kubeconfigPath: kubernetes.kubeconfigPath,
    serverUrl: kubernetes.serverUrl,
    auditLogPath: kubernetes.auditLogPath,
    etcdDataDir: kubernetes.etcd.dataDir,
    etcdEndpoint: kubernetes.etcd.endpoint,
    kubectl: kubernetes.kubectl,
    objectsKey: "",
  };
  writeClusterFile(file);
  return file;
}

/**
 * API server and etcd listen inside the node; the host reaches them at the same address, loopback, and the same port, so
 * that one kubeconfig is good in both places.
 */
async function startForwarder(context: ClusterContext, programs: NodePrograms, entry: Entry): Promise<void> {
  const ports = [await context.ports.take("kube-apiserver"), await context.ports.take("etcd")];
  context.processes.startProcess({
    name: "forward",
    command: join(programs.node.bin, "forward"),
    args: [`-pid=${entry.sandbox.pid}`, ...ports.map((port) => `127.0.0.1:${port}=127.0.0.1:${port}`)],
    dependsOn: [sandboxProcess],
  });
}

async function startControlPlane(context: ClusterContext, programs: NodePrograms): Promise<Kubernetes> {
  const pki = openPki(join(context.stateDir, "pki"));
  const authority = await pki.authority("ca", "nephele-local");
  const kubeletClient = await pki.issued(authority, "kubelet-client", {
    commonName: "kube-apiserver-kubelet-client",
    organizations: ["system:masters"],
  });
  const shape: ControlPlaneShape = {
    apiServerFlags: [
      // Pods come by the node's address, the host by loopback.
      "--bind-address=0.0.0.0",
      `--advertise-address=${firstNode.address}`,
      // A webhook or an aggregated API is called at its pod: the API server needs no kube-proxy.
      "--enable-aggregator-routing=true",
      "--enable-admission-plugins=NodeRestriction",
      `--kubelet-client-certificate=${kubeletClient.certificateFile}`,
      `--kubelet-client-key=${kubeletClient.keyFile}`,
      `--kubelet-certificate-authority=${authority.certificateFile}`,
      "--kubelet-preferred-address-types=InternalIP",
    ],
    apiServerAddresses: [firstNode.address],
    controllers: "*",
  };
  return await startKubernetes(context, programs.kubernetes.bin, shape);
}
