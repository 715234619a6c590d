import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type ClusterHandle, openCluster } from "../cluster/handle.ts";
import { type Kubectl, kubectl } from "../cluster/kubectl.ts";
import { openPorts } from "../cluster/ports.ts";
import { openProcesses } from "../cluster/processes.ts";
import { listening } from "../cluster/wait.ts";
import type { RunOptions, Said } from "../harness/run.ts";
import { tools } from "../tools/build.ts";
import { runAtNode } from "./at-node.ts";
import { ctrOf } from "./containerd.ts";
import { type NodeImage, programImage } from "./images.ts";
import { importImages } from "./import.ts";
import { runInside } from "./inside.ts";
import { nodeName } from "./location.ts";
import { findSandbox, type Sandbox } from "./sandbox.ts";

/** A running cluster with a node, as tests and other programs use it. */
export interface NodeHandle {
  readonly cluster: ClusterHandle;
  /** The node's namespaces. */
  readonly sandbox: Sandbox;
  /** kubectl as cluster administrator. */
  readonly run: Kubectl;
  /** Imports what the node does not hold yet, and gives the references of what it imported. */
  importImages(images: readonly NodeImage[]): Promise<readonly string[]>;
  /** The image of e2e/tools/node/probe. */
  probeImage(): Promise<NodeImage>;
  /** Runs a program inside the node's namespaces, outside any pod, and gives what it printed. */
  inside(command: string, ...args: readonly string[]): Promise<string>;
  /** Runs a program of this machine in the node's network, with the cluster's names: it reaches what a pod reaches. */
  atNode(command: string, args: readonly string[], options?: RunOptions): Promise<Said>;
  /** Opens a port on loopback of this machine that leads to an address:port of the node's network. Close it. */
  reach(target: string): Promise<{ readonly port: number; close(): void }>;
}

/** Ways that were closed and may not have ended yet: a target's next one has the same port, and would find it taken. */
const ending = new Map<number, Promise<unknown>>();

/** The node of a state folder. Throws when none is up there. */
export async function openNode(stateDir: string): Promise<NodeHandle> {
  const cluster = openCluster(stateDir);
  const nothing = (): void => undefined;
  const node = await tools("node", nothing);
  const containers = await tools("containers", nothing);
  const sandbox = findSandbox(openProcesses(stateDir, cluster.logsDir), stateDir);
  if (sandbox === undefined)
    throw new Error(`the cluster in ${stateDir} has no node: start one with CLUSTER=node make up`);
  const entry = { sandbox, enter: join(node.bin, "enter") };
  return {
    cluster,
    sandbox,
    run: kubectl(cluster.kubectl, cluster.kubeconfigPath),
    importImages: (images) => importImages(ctrOf(entry, containers.bin), images),
    probeImage: () => programImage(join(node.bin, "probe")),
    inside: (command, ...args) => runInside(entry, command, args),
    atNode: (command, args, options) => runAtNode(sandbox, stateDir, command, args, options),
    reach: (target) => reachFrom({ stateDir, forward: join(node.bin, "forward"), sandbox, name: nodeName }, target),
  };
}

/** A node of the cluster of a state folder, and the program `forward` (e2e/tools/node). */
interface From {
  readonly stateDir: string;
  readonly forward: string;
  readonly sandbox: Sandbox;
  readonly name: string;
}

/** As NodeHandle.reach, from any node of a cluster. */
export async function reachFrom(
  { stateDir, forward, sandbox, name }: From,
  target: string,
): Promise<{ readonly port: number; close(): void }> {
  const port = await openPorts(stateDir).take(`reach ${target} from ${name}`);
  await ending.get(port);
  const child = spawn(forward, [`-pid=${sandbox.pid}`, `127.0.0.1:${port}=${target}`], {
    stdio: "ignore",
  });
  await listening(`the way to ${target}`, port);
  return {
    port,
    close: () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      ending.set(port, once(child, "exit"));
      child.kill();
    },
  };
}
