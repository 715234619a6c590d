import type { BuiltImage } from "../../images/build.ts";
import { chart, type Helm } from "../node/helm.ts";
import type { Kubectl } from "./kubectl.ts";
import { systemNamespace } from "./nephele-objects.ts";

/** Images that the chart with its default values and its Cloud run: the newest release, and what is bundled. */
export const chartImages = ["nephele", "keystone:2026.2", "barbican:2026.2", "postgresql", "memcached"];

const namespace = `--namespace=${systemNamespace}`;

/** Nephele as Helm installs it in a cluster. */
export interface Release {
  /**
   * `helm upgrade --install --wait`, which returns when the Cloud works. `timeout` as Helm has it; `values` are some beside
   * the release's own, `key=value`.
   */
  upgrade(timeout?: string, values?: readonly string[]): Promise<void>;
  uninstall(): Promise<void>;
}

/** @param settings arguments of Helm's that each upgrade gets */
export function releaseOf(helm: Helm, settings: readonly string[]): Release {
  return {
    upgrade: async (timeout = "5m", values = []) => {
      const more = values.flatMap((value) => ["--set", value]);
      const wanted = ["nephele", chart, namespace, "--create-namespace", ...settings, ...more];
      await helm("upgrade", "--install", ...wanted, "--wait", `--timeout=${timeout}`);
    },
    uninstall: async () => {
      await helm("uninstall", "nephele", namespace, "--wait");
    },
  };
}

/**
 * The tag of an image stays while a checkout changes: the content's key on the pods makes another content another rollout.
 *
 * @returns arguments of Helm's
 */
export function rolledOutByContent(built: readonly BuiltImage[]): readonly string[] {
  const nephele = built.find(({ name }) => name === "nephele");
  if (nephele === undefined) throw new Error("the image of Nephele was not built");
  return ["operator", "xds"].flatMap((part) => [
    "--set-string",
    `${part}.podAnnotations.nephele\\.dev/image=${nephele.key}`,
  ]);
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

/** When each part of the release's Cloud came to be as it is, in seconds after the Cloud was made: a line each. */
export async function partsOfCloud(run: Kubectl): Promise<readonly string[]> {
  const text = await run("get", "clouds.nephele.dev/default", namespace, "--output=json");
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
