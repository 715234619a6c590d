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
import { type BuiltTools, tools } from "../tools/build.ts";
import { cacheRoot } from "../tools/cache.ts";
import { withLock } from "../tools/lock.ts";
import { ctrOf, startContainerd } from "./containerd.ts";
import { installDns } from "./dns.ts";
import { removeNode } from "./down.ts";
import { type NodeImage, programImage } from "./images.ts";
import { importImages } from "./import.ts";
import { type Entry, inside } from "./inside.ts";
import { startKubeProxy } from "./kube-proxy.ts";
import { startKubelet } from "./kubelet.ts";
import { nodeAddress, nodeName } from "./location.ts";
import { startNetworkPolicies } from "./network-policies.ts";
import { ensureNodePossible, ensureRoot } from "./preflight.ts";
import { sandboxProcess, startSandbox } from "./sandbox.ts";
import { installStorage } from "./storage.ts";
import { takeStore } from "./store.ts";

interface Programs {
  readonly kubernetes: BuiltTools;
  readonly node: BuiltTools;
  readonly containers: BuiltTools;
  readonly policies: BuiltTools;
}

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
  const programs = {
    kubernetes: await tools("kubernetes", print),
    node: await tools("node", print),
    containers: await tools("containers", print),
    policies: await tools("network-policies", print),
  };
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
  programs: Programs,
  steps: Steps,
): Promise<ClusterFile> {
  const outside: ClusterContext = { ...location, processes, steps, ports: openPorts(location.stateDir) };
  const entry = await steps.step("namespaces", () => enterSandbox(outside, programs));
  const context: ClusterContext = { ...outside, processes: inside(processes, entry) };
  await startForwarder(outside, programs, entry);
  const images = {
    pause: await programImage(join(programs.node.bin, "pause")),
    dns: await programImage(join(programs.containers.bin, "coredns")),
  };
  const [kubernetes] = await Promise.all([
    startControlPlane(context, programs),
    startContainers(context, programs, entry, Object.values(images), images.pause),
  ]);
  const run = kubectl(kubernetes.kubectl, kubernetes.kubeconfigPath);
  await startKubelet(context, programs.node.bin, kubernetes);
  await startKubeProxy(context, programs.node.bin, kubernetes);
  await startNetworkPolicies(context, programs.policies.bin, kubernetes, run);
  await Promise.all([
    steps.step("node Ready", () => nodeReady(run)),
    steps.step("StorageClass", () => installStorage(context, programs.containers.bin, kubernetes, run)),
    steps.step("DNS", () => installDns(context, run, images.dns)),
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

async function enterSandbox(context: ClusterContext, programs: Programs): Promise<Entry> {
  const sandbox = await startSandbox(context, join(programs.node.bin, "pause"), {
    writable: [join(cacheRoot(), "node")],
    readable: [
      programs.kubernetes.bin,
      programs.node.bin,
      programs.containers.bin,
      programs.policies.bin,
      import.meta.dirname,
    ],
  });
  return { sandbox, enter: join(programs.node.bin, "enter") };
}

/**
 * API server and etcd listen inside the node; the host reaches them at the same address, loopback, and the same port, so
 * that one kubeconfig is good in both places.
 */
async function startForwarder(context: ClusterContext, programs: Programs, entry: Entry): Promise<void> {
  const ports = [await context.ports.take("kube-apiserver"), await context.ports.take("etcd")];
  context.processes.startProcess({
    name: "forward",
    command: join(programs.node.bin, "forward"),
    args: [`-pid=${entry.sandbox.pid}`, ...ports.map((port) => `127.0.0.1:${port}=127.0.0.1:${port}`)],
    dependsOn: [sandboxProcess],
  });
}

async function startContainers(
  context: ClusterContext,
  programs: Programs,
  entry: Entry,
  images: readonly NodeImage[],
  pause: NodeImage,
): Promise<void> {
  const { steps, processes } = context;
  const bin = programs.containers.bin;
  const ctr = ctrOf(entry, bin);
  const user = processes.list().find(({ name }) => name === sandboxProcess);
  if (user === undefined) throw new Error("the node's namespaces are gone");
  const store = await takeStore(user);
  await steps.step("containerd", () => startContainerd(context, bin, { store, pause: pause.reference, ctr }));
  const imported = await steps.step("images", () => importImages(ctr, images));
  steps.print(`  imported ${imported.length} of ${images.length}${imported.map((name) => ` ${name}`).join("")}`);
}

async function startControlPlane(context: ClusterContext, programs: Programs): Promise<Kubernetes> {
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
      `--advertise-address=${nodeAddress}`,
      // A webhook or an aggregated API is called at its pod: the API server needs no kube-proxy.
      "--enable-aggregator-routing=true",
      "--enable-admission-plugins=NodeRestriction",
      `--kubelet-client-certificate=${kubeletClient.certificateFile}`,
      `--kubelet-client-key=${kubeletClient.keyFile}`,
      `--kubelet-certificate-authority=${authority.certificateFile}`,
      "--kubelet-preferred-address-types=InternalIP",
    ],
    apiServerAddresses: [nodeAddress],
    controllers: "*",
  };
  return await startKubernetes(context, programs.kubernetes.bin, shape);
}

async function nodeReady(run: (...args: readonly string[]) => Promise<string>): Promise<void> {
  await run("wait", "--for=create", `node/${nodeName}`, "--timeout=60s");
  await run("wait", "--for=condition=Ready", `node/${nodeName}`, "--timeout=60s");
}
