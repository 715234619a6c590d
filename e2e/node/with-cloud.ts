import type { ClusterLocation } from "../cluster/location.ts";
import { openSteps } from "../cluster/steps.ts";
import { writeExamples } from "./examples.ts";
import { openNode } from "./handle.ts";
import { serveGuestImages } from "./kubevirt/guest-images.ts";
import { installKubeVirt } from "./kubevirt/install.ts";
import { installNephele } from "./nephele.ts";
import { upNode } from "./up.ts";

const DISK = "guest.qcow2";
/** What the test guest's disk fits into. */
const DISK_SIZE = "128Mi";

/**
 * Brings up a node with all that a tenant needs: KubeVirt, CDI, Nephele with its Cloud, and what examples/ would fetch from
 * the internet, which the node does not reach. Returns the kubeconfig's path.
 */
export async function upWithCloud(location: ClusterLocation, print: (line: string) => void): Promise<string> {
  const { stateDir, kubeconfigPath } = await upNode(location, print);
  await installKubeVirt(stateDir, print);
  await installNephele(stateDir, print);
  await serveExamples(stateDir, print);
  return kubeconfigPath;
}

/** Serves the disk of the examples in the cluster, and writes them so that they name it. */
export async function serveExamples(stateDir: string, print: (line: string) => void): Promise<void> {
  await openSteps(print).step("the examples' disk", async () => {
    const disks = await serveGuestImages(await openNode(stateDir), print);
    writeExamples(stateDir, { url: disks.url(DISK), checksum: await disks.checksum(DISK), size: DISK_SIZE });
  });
}
