import { join } from "node:path";
import type { Kubectl } from "../cluster/kubectl.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { type BuiltTools, tools } from "../tools/build.ts";
import { cacheRoot } from "../tools/cache.ts";
import { ctrOf, startContainerd } from "./containerd.ts";
import { type NodeImage, programImage } from "./images.ts";
import { importImages } from "./import.ts";
import type { Entry } from "./inside.ts";
import { startKubeProxy } from "./kube-proxy.ts";
import { startKubelet } from "./kubelet.ts";
import type { NodeContext, NodePlace } from "./location.ts";
import { startNetworkPolicies } from "./network-policies.ts";
import { sandboxProcess, startSandbox } from "./sandbox.ts";
import { takeStore } from "./store.ts";

// What every node is made of, in the order in which it is started.

export interface NodePrograms {
  readonly kubernetes: BuiltTools;
  readonly node: BuiltTools;
  readonly containers: BuiltTools;
  readonly policies: BuiltTools;
}

export async function nodePrograms(print: (line: string) => void): Promise<NodePrograms> {
  return {
    kubernetes: await tools("kubernetes", print),
    node: await tools("node", print),
    containers: await tools("containers", print),
    policies: await tools("network-policies", print),
  };
}

/** Makes the node's namespaces. `writable` are folders of the host that it may write besides its own. */
export async function enterSandbox(
  context: NodeContext,
  programs: NodePrograms,
  writable: readonly string[] = [],
): Promise<Entry> {
  const sandbox = await startSandbox(context, join(programs.node.bin, "pause"), {
    writable: [join(cacheRoot(), "node"), ...writable],
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

/** Starts containerd, and gives it what holds pods and these images. */
export async function startContainers(
  context: NodeContext,
  programs: NodePrograms,
  entry: Entry,
  images: readonly NodeImage[],
): Promise<void> {
  const { steps, processes } = context;
  const bin = programs.containers.bin;
  const ctr = ctrOf(entry, bin);
  const user = processes.list().find(({ name }) => name === sandboxProcess);
  if (user === undefined) throw new Error("the node's namespaces are gone");
  const store = await takeStore(user);
  const pause = await programImage(join(programs.node.bin, "pause"));
  await steps.step("containerd", () => startContainerd(context, bin, { store, pause: pause.reference, ctr }));
  const wanted = [pause, ...images];
  const imported = await steps.step("images", () => importImages(ctr, wanted));
  steps.print(`  imported ${imported.length} of ${wanted.length}${imported.map((name) => ` ${name}`).join("")}`);
}

/** Starts what follows the API server on a node: kubelet, which makes the Node, and what leads and judges its connections. */
export async function startAgents(
  context: NodeContext,
  programs: NodePrograms,
  kubernetes: Pick<Kubernetes, "authority" | "pki" | "serverUrl">,
  run: Kubectl,
): Promise<void> {
  await startKubelet(context, programs.node.bin, kubernetes);
  await startKubeProxy(context, programs.node.bin, kubernetes);
  await startNetworkPolicies(context, programs.policies.bin, kubernetes, run);
}

export async function nodeReady(run: Kubectl, { name }: NodePlace): Promise<void> {
  await run("wait", "--for=create", `node/${name}`, "--timeout=60s");
  await run("wait", "--for=condition=Ready", `node/${name}`, "--timeout=60s");
}
