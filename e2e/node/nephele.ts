import { join } from "node:path";
import { type BuiltImage, images } from "../../images/build.ts";
import { checkout } from "../cluster/location.ts";
import { systemNamespace } from "../cluster/nephele-objects.ts";
import { chartImages, partsOfCloud, type Release, releaseOf, rolledOutByContent } from "../cluster/release.ts";
import { openSteps } from "../cluster/steps.ts";
import { contentKey } from "../tools/cache.ts";
import { withLock } from "../tools/lock.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { chart, openHelm } from "./helm.ts";
import { installOnce } from "./installed.ts";
import { guestImagesUrl } from "./kubevirt/guest-images.ts";
import { guestRegistryHost } from "./kubevirt/guest-registry.ts";

const namespace = `--namespace=${systemNamespace}`;
const cloud = "clouds.nephele.dev/default";
const crds = join(checkout, "crds");

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
  return await releaseWith(node, print, await images(names, print));
}

async function releaseWith(
  node: NodeHandle,
  print: (line: string) => void,
  built: readonly BuiltImage[],
): Promise<Release> {
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
    const built = await images(chartImages, print);
    const release = await releaseWith(node, print, built);
    const content = contentKey(chart, [contentKey(crds, []), ...built.map(({ key }) => key)]);
    await openSteps(print).step("Nephele and its Cloud", async () => {
      await installOnce(
        { stateDir, name: "nephele", content },
        () => revisionOf(node),
        () => release.upgrade(),
      );
      await node.run("wait", "--for=condition=Ready", cloud, namespace, "--timeout=300s");
    });
    for (const line of await partsOfCloud(node.run)) print(line);
    return release;
  });
}

/** Helm's revisions, and which Cloud there is with which spec. */
async function revisionOf({ run }: NodeHandle): Promise<string> {
  const revisions = await run("get", "secrets", namespace, "--selector=owner=helm,name=nephele", "--output=name");
  const spec = "--output=jsonpath={.metadata.uid} {.metadata.generation}";
  return `${revisions} ${await run("get", cloud, namespace, "--ignore-not-found", spec)}`;
}
