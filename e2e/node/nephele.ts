import { type BuiltImage, images } from "../../images/build.ts";
import { systemNamespace } from "../cluster/nephele-objects.ts";
import { openSteps } from "../cluster/steps.ts";
import { withLock } from "../tools/lock.ts";
import { type NodeHandle, openNode } from "./handle.ts";
import { chart, openHelm } from "./helm.ts";

/** What the chart and its own Cloud run: the newest release, and what is bundled. */
const IMAGES = ["nephele", "keystone:2026.2", "barbican:2026.2", "postgresql", "memcached"];

/** The release, as the chart's README has it. */
export const release: readonly string[] = ["nephele", chart, `--namespace=${systemNamespace}`, "--create-namespace"];

/**
 * Installs Nephele on the node of a state folder as its users do, images first, then the chart by Helm, which waits until
 * the Cloud works; or brings one that is there up to date with the checkout. Prints how long each part took.
 */
export async function installNephele(stateDir: string, print: (line: string) => void): Promise<void> {
  const built = await images(IMAGES, print);
  const node = await openNode(stateDir);
  const helm = await openHelm(node.cluster.kubeconfigPath, print);
  const steps = openSteps(print);
  await withLock(`nephele ${stateDir}`, async () => {
    await steps.step("images of Nephele", () => node.importImages(built));
    const asBuilt = ["--set-string", `operator.podAnnotations.nephele\\.dev/image=${keyOf(built)}`];
    await steps.step("Nephele and its Cloud", () =>
      helm("upgrade", "--install", ...release, ...asBuilt, "--wait", "--timeout=5m"),
    );
    for (const line of await partsOf(node)) print(line);
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
