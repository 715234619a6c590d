import { join } from "node:path";
import { images } from "../../../images/build.ts";
import { apply } from "../../cluster/kubectl.ts";
import { chartImages } from "../../cluster/release.ts";
import { writeManifests } from "../../cluster/webhooks.ts";
import type { NodeHandle } from "../handle.ts";
import { addSecondNode, type SecondNode } from "../second-node.ts";
import { cdiImages, kubevirtImages } from "./images.ts";
import { schedulable } from "./install.ts";
import { sharedClass, sharedProfile } from "./manifests.ts";

/** Has a second node join, with all that may be placed there, and waits until KubeVirt may place guests on it. */
export async function joinForGuests(node: NodeHandle, print: (line: string) => void): Promise<SecondNode> {
  const families = [await kubevirtImages(print), await cdiImages(print)];
  const all = [...families.flatMap((family) => [...family.values()]), ...(await images(chartImages, print))];
  const second = await addSecondNode(node, all, print);
  await schedulable(node, second.name);
  return second;
}

/** Storage that all nodes have, which CDI and KubeVirt take for disks until it is removed. */
export async function addSharedStorage(node: NodeHandle): Promise<void> {
  const path = join(node.cluster.stateDir, "config", "shared-storage.yaml");
  writeManifests(path, [sharedClass]);
  await apply(node.run, path);
  // CDI makes a profile of each class, and takes one away whose class it has not seen.
  await node.run("wait", "--for=create", `storageprofile/${sharedClass.metadata.name}`, "--timeout=60s");
  writeManifests(path, [sharedProfile]);
  await apply(node.run, path);
}

/** No error where there is none. */
export async function removeSharedStorage(node: NodeHandle): Promise<void> {
  await node.run("delete", "storageclass", sharedClass.metadata.name, "--ignore-not-found");
}
