import { type BuiltImage, images } from "../../images/build.ts";
import { systemNamespace } from "../cluster/nephele-objects.ts";
import { openSteps } from "../cluster/steps.ts";
import { withLock } from "../tools/lock.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { chart, openHelm } from "./helm.ts";
import { guestImagesUrl } from "./kubevirt/guest-images.ts";
import { guestRegistryHost } from "./kubevirt/guest-registry.ts";

/** What the chart and its own Cloud run: the newest release, and what is bundled. */
const IMAGES = ["nephele", "keystone:2026.2", "barbican:2026.2", "postgresql", "memcached"];

/** Nephele as Helm installs it on a node. */
export interface Release {
  /**
   * `helm upgrade --install --wait` with the chart's default values, and the cluster's own server of disks as a source of
   * Images. `timeout` as Helm has it; `values` are more of them, `key=value`.
   */
  upgrade(timeout?: string, values?: readonly string[]): Promise<void>;
  uninstall(): Promise<void>;
}

/**
 * The release of this checkout, its images on the node.
 *
 * @param names of images/; those of the chart with its default values where they are not said
 */
export async function openRelease(
  node: NodeHandle,
  print: (line: string) => void,
  names: readonly string[] = IMAGES,
): Promise<Release> {
  const built = await images(names, print);
  const helm = await openHelm(node.cluster.kubeconfigPath, print);
  await openSteps(print).step("images of Nephele", () => node.importImages(built));
  const namespace = `--namespace=${systemNamespace}`;
  const sources = ["--set", `cloud.spec.images.sources={${guestImagesUrl},docker://${guestRegistryHost}/}`];
  const asBuilt = ["operator", "xds"].flatMap((part) => [
    "--set-string",
    `${part}.podAnnotations.nephele\\.dev/image=${keyOf(built)}`,
  ]);
  return {
    upgrade: async (timeout = "5m", values = []) => {
      const more = values.flatMap((value) => ["--set", value]);
      const wanted = ["nephele", chart, namespace, "--create-namespace", ...sources, ...asBuilt, ...more];
      await helm("upgrade", "--install", ...wanted, "--wait", `--timeout=${timeout}`);
    },
    uninstall: async () => {
      await helm("uninstall", "nephele", namespace, "--wait");
    },
  };
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
    for (const line of await partsOf(node)) print(line);
    return release;
  });
}

/** The tag stays while a checkout changes: the content's key on the pods makes another content another rollout. */
function keyOf(built: readonly BuiltImage[]): string {
  const nephele = built.find(({ name }) => name === "nephele");
  if (nephele === undefined) throw new Error("the image of Nephele was not built");
  return nephele.key;
}

interface CloudObject {
  readonly metadata: { readonly creationTimestamp: string };
  readonly status: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
  };
}

/** When each part of the Cloud came to be as it is, in seconds after the Cloud was made. */
async function partsOf({ run }: NodeHandle): Promise<readonly string[]> {
  const text = await run("get", "clouds.nephele.dev/default", `--namespace=${systemNamespace}`, "--output=json");
  const { metadata, status } = JSON.parse(text) as CloudObject;
  const made = Date.parse(metadata.creationTimestamp);
  return status.conditions
    .filter(({ type }) => type.endsWith("Ready"))
    .map(({ type, status: is, lastTransitionTime }) => ({
      type,
      is,
      after: (Date.parse(lastTransitionTime) - made) / 1000,
    }))
    .sort((a, b) => a.after - b.after)
    .map(({ type, is, after }) => `  ${after.toFixed(0).padStart(4)} s  ${type}=${is}`);
}
