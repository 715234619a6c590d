import { readFileSync } from "node:fs";
import { join } from "node:path";
import { untilEstablished } from "../../cluster/established.ts";
import { apply } from "../../cluster/kubectl.ts";
import { clusterLocation } from "../../cluster/location.ts";
import { openSteps, type Steps } from "../../cluster/steps.ts";
import { until } from "../../cluster/wait.ts";
import { type Manifest, manifests, writeManifests } from "../../cluster/webhooks.ts";
import { tools } from "../../tools/build.ts";
import { withLock } from "../../tools/lock.ts";
import { type NodeHandle, openNode } from "../handle.ts";
import { installOnce } from "../installed.ts";
import { nodeName } from "../location.ts";
import { cdiImages, kubevirtImages, type PartImages } from "./images.ts";
import { cdiObject, kubeVirtObject, storageProfile, withImages } from "./manifests.ts";

/**
 * Installs KubeVirt and CDI on the node of a state folder as their users do: the operator's manifests, then the object
 * that asks it for the rest; or finds them there. Waits until a virtual machine can run. Prints how long each part took.
 */
export async function installKubeVirt(stateDir: string, print: (line: string) => void): Promise<void> {
  // Builds take all the machine has: one after another, and before anything waits for an answer.
  const kubevirt = { images: await kubevirtImages(print), manifests: (await tools("kubevirt", print)).manifests };
  const cdi = { images: await cdiImages(print), manifests: (await tools("cdi", print)).manifests };
  const node = await openNode(stateDir);
  const steps = openSteps(print);
  await withLock(`kubevirt ${stateDir}`, async () => {
    await steps.step("images of KubeVirt and CDI", () =>
      node.importImages([...kubevirt.images.values(), ...cdi.images.values()]),
    );
    // The control plane runs here too, and KubeVirt places its operator and controllers beside one.
    await node.run("label", "node", nodeName, "--overwrite", "node-role.kubernetes.io/control-plane=");
    const parts: readonly Part[] = [
      { title: "KubeVirt", ...kubevirt, object: kubeVirtObject },
      { title: "CDI", ...cdi, object: cdiObject },
    ];
    // The folders of manifests are named by the key of all that they are made of.
    const content = JSON.stringify(parts.map((part) => ({ ...part, images: [...part.images] })));
    const find = async () => (await Promise.all(parts.map(({ object }) => specOf(node, object)))).join();
    await installOnce({ stateDir, name: "kubevirt", content }, find, async () => {
      // Side by side: each waits for pods more than it works.
      await Promise.all(parts.map((part) => install(node, steps, part)));
      await applyObjects(node, "storage-profile", [storageProfile]);
    });
    await steps.step("a node that takes virtual machines", () => schedulable(node, nodeName));
  });
}

/** Which object of that name there is, and with which spec. */
function specOf({ run }: NodeHandle, { kind, metadata: { name, namespace } }: Manifest): Promise<string> {
  const where = namespace === undefined ? [] : [`--namespace=${namespace}`];
  const spec = "--output=jsonpath={.metadata.uid} {.metadata.generation}";
  return run("get", `${kind}/${name}`, ...where, "--ignore-not-found", spec);
}

interface Part {
  readonly title: string;
  readonly images: PartImages;
  readonly manifests: string;
  /** What the operator is asked by; it gets the condition Available. */
  readonly object: Manifest;
}

async function install(node: NodeHandle, steps: Steps, part: Part): Promise<void> {
  const { kind, metadata } = part.object;
  const operator = withImages(manifests(readFileSync(join(part.manifests, "operator.yaml"), "utf8")), part.images);
  const namespace: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: kind.toLowerCase() } };
  await steps.step(`${part.title}'s operator`, async () => {
    await applyObjects(node, kind.toLowerCase(), [namespace, ...operator]);
    await untilEstablished(node.run, "crd", ...crdsOf(operator));
  });
  await steps.step(part.title, async () => {
    await applyObjects(node, `${kind.toLowerCase()}-object`, [part.object]);
    const where = metadata.namespace === undefined ? [] : [`--namespace=${metadata.namespace}`];
    await node.run("wait", "--for=condition=Available", "--timeout=300s", ...where, `${kind}/${metadata.name}`);
    await ofTheseImages(node, kind.toLowerCase(), part.images);
  });
}

/** An operator that replaces what it once made goes on calling it available: until the last pod is of these images. */
async function ofTheseImages(node: NodeHandle, namespace: string, images: PartImages): Promise<void> {
  const wanted = new Set([...images.values()].map(({ reference }) => reference));
  const query = "--output=jsonpath={.items[*].spec.containers[*].image} {.items[*].spec.initContainers[*].image}";
  await until(`pods of ${namespace} to be of the images that were built`, 300_000, async () => {
    const found = (await node.run("get", "pods", `--namespace=${namespace}`, query)).trim().split(/\s+/);
    return found.every((image) => wanted.has(image)) ? true : undefined;
  });
  for (const kind of ["deployments", "daemonsets"]) {
    const names = (await node.run("get", kind, `--namespace=${namespace}`, "--output=name")).trim();
    for (const name of names.split("\n").filter((line) => line !== ""))
      await node.run("rollout", "status", name, `--namespace=${namespace}`, "--timeout=120s");
  }
}

function crdsOf(objects: readonly Manifest[]): readonly string[] {
  return objects.filter(({ kind }) => kind === "CustomResourceDefinition").map(({ metadata }) => metadata.name);
}

async function applyObjects(node: NodeHandle, name: string, objects: readonly Manifest[]): Promise<void> {
  const path = join(node.cluster.stateDir, "config", `install-${name}.yaml`);
  writeManifests(path, objects);
  await apply(node.run, path);
}

/** virt-handler has looked at a node and says that it may be given machines. */
export async function schedulable(node: NodeHandle, name: string): Promise<void> {
  const label = "--output=jsonpath={.metadata.labels.kubevirt\\.io/schedulable}";
  await until(`the label kubevirt.io/schedulable of ${name}`, 120_000, async () =>
    (await node.run("get", "node", name, label)).trim() === "true" ? true : undefined,
  );
}

if (import.meta.main) {
  await installKubeVirt(clusterLocation(process.env, "node").stateDir, (line) => process.stderr.write(`${line}\n`));
}
