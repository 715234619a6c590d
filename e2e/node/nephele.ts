import { images } from "../../images/build.ts";
import { chartImages, partsOfCloud, type Release, releaseOf, rolledOutByContent } from "../cluster/release.ts";
import { openSteps } from "../cluster/steps.ts";
import { withLock } from "../tools/lock.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { openHelm } from "./helm.ts";
import { guestImagesUrl } from "./kubevirt/guest-images.ts";
import { guestRegistryHost } from "./kubevirt/guest-registry.ts";

/**
 * The release of this checkout, its images on the node; the cluster's own servers of disks are sources of Images.
 *
 * @param names of images/; those of the chart with its default values where they are not said
 */
export async function openRelease(
  node: NodeHandle,
  print: (line: string) => void,
  names: readonly string[] = chartImages,
): Promise<Release> {
  const built = await images(names, print);
  const helm = await openHelm(node.cluster.kubeconfigPath, print);
  await openSteps(print).step("images of Nephele", () => node.importImages(built));
  const sources = ["--set", `cloud.spec.images.sources={${guestImagesUrl},docker://${guestRegistryHost}/}`];
  return releaseOf(helm, [...sources, ...rolledOutByContent(built)]);
}

/**
 * Installs Nephele on the node of a state folder as its users do, images first, then the chart by Helm, which waits until
 * the Cloud works; or brings one that is there up to date with the checkout. Prints how long each part took.
 */
export async function installNephele(stateDir: string, print: (line: string) => void): Promise<Release> {
  return await withLock(`nephele ${stateDir}`, async () => {
    const node = await openNode(stateDir);
    const release = await openRelease(node, print);
    await openSteps(print).step("Nephele and its Cloud", () => release.upgrade());
    for (const line of await partsOfCloud(node.run)) print(line);
    return release;
  });
}
