import { existsSync } from "node:fs";
import { join } from "node:path";
import { apply } from "../cluster/kubectl.ts";
import { openPki } from "../cluster/pki.ts";
import { openPorts } from "../cluster/ports.ts";
import { openProcesses } from "../cluster/processes.ts";
import { openSteps } from "../cluster/steps.ts";
import { writeManifests } from "../cluster/webhooks.ts";
import { withLock } from "../tools/lock.ts";
import { removeNode } from "./down.ts";
import { type NodeHandle, reachFrom } from "./handle.ts";
import type { NodeImage } from "./images.ts";
import { inside } from "./inside.ts";
import { link, unlink } from "./link.ts";
import { firstNode, type NodeContext, secondLocation, secondNode } from "./location.ts";
import { enterSandbox, nodePrograms, nodeReady, startAgents, startContainers } from "./parts.ts";

/** A node that has joined a cluster. */
export interface SecondNode {
  readonly name: string;
  /** As NodeHandle has it, from this node: NetworkPolicies let a node's own root reach its pods, and no other's. */
  reach: NodeHandle["reach"];
  /** Ends it as if it had been switched off, and takes it out of the cluster. */
  remove(): Promise<void>;
}

/**
 * Has a second node join a cluster that runs: namespaces of its own, beside the first's on one network, and kubelet,
 * containerd, kube-proxy and what enforces NetworkPolicies in them. Nothing is placed on it before `kubectl uncordon`, but
 * DaemonSets. It gets the images, as nothing can be pulled.
 */
export async function addSecondNode(
  first: NodeHandle,
  images: readonly NodeImage[],
  print: (line: string) => void,
): Promise<SecondNode> {
  const programs = await nodePrograms(print);
  return await locked(first, async () => {
    await removeSecondNode(first);
    const { stateDir, serverUrl } = first.cluster;
    const location = secondLocation(first.cluster);
    const processes = openProcesses(location.stateDir, location.logsDir);
    const steps = openSteps(print);
    const outside: NodeContext = { ...location, processes, steps, ports: openPorts(stateDir), place: secondNode };
    const start = async (): Promise<SecondNode> => {
      // Volumes are in the cluster's state folder, and some are of both nodes.
      const entry = await steps.step("namespaces", () => enterSandbox(outside, programs, [stateDir]));
      const context: NodeContext = { ...outside, processes: inside(processes, entry) };
      await link({ sandbox: first.sandbox, place: firstNode }, { sandbox: entry.sandbox, place: secondNode });
      await startContainers(context, programs, entry, images);
      const pki = openPki(join(stateDir, "pki"));
      const authority = await pki.authority("ca", "nephele-local");
      // Loopback, by which the first node has the API server, is another here.
      const url = new URL(serverUrl);
      url.hostname = firstNode.address;
      // kubelet takes a Node that is there for its own: nothing is placed on it meanwhile.
      const path = join(location.stateDir, "node.yaml");
      writeManifests(path, [cordonedNode]);
      await apply(first.run, path);
      await startAgents(context, programs, { pki, authority, serverUrl: url.origin }, first.run);
      await steps.step("node Ready", () => nodeReady(first.run, secondNode));
      const from = {
        stateDir,
        forward: join(programs.node.bin, "forward"),
        sandbox: entry.sandbox,
        name: secondNode.name,
      };
      return {
        name: secondNode.name,
        reach: (target) => reachFrom(from, target),
        remove: () => locked(first, () => removeSecondNode(first)),
      };
    };
    try {
      return await processes.whileRunning(start());
    } catch (error) {
      await removeSecondNode(first).catch((more) => print(`node ${secondNode.name} is not all gone: ${more}`));
      throw error;
    }
  });
}

const cordonedNode = {
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: secondNode.name },
  spec: { unschedulable: true },
} as const;

/** Its state is the cluster's: nobody takes that down meanwhile. */
function locked<T>({ cluster }: NodeHandle, work: () => Promise<T>): Promise<T> {
  return withLock(`cluster ${cluster.stateDir}`, work);
}

/** Ends a second node that a run which was broken off has left: it has not what is installed next. */
export async function removeLeftNode(first: NodeHandle): Promise<void> {
  if (existsSync(secondLocation(first.cluster).stateDir)) await locked(first, () => removeSecondNode(first));
}

/** No error where there is none. */
async function removeSecondNode(first: NodeHandle): Promise<void> {
  const location = secondLocation(first.cluster);
  await removeNode(location, openProcesses(location.stateDir, location.logsDir));
  await unlink({ sandbox: first.sandbox, place: firstNode }, secondNode);
  await first.run("delete", "node", secondNode.name, "--ignore-not-found");
}
