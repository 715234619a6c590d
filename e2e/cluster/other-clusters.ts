import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { images } from "../../images/build.ts";
import { openHelm } from "../node/helm.ts";
import { tools } from "../tools/build.ts";
import { kubectl } from "./kubectl.ts";
import { chartImages, partsOfCloud, releaseOf, rolledOutByContent } from "./release.ts";
import { openSteps } from "./steps.ts";

const kindName = "nephele";
/** The kubeconfig of the kind cluster, in the state folder. */
export const kindKubeconfig = "kind.kubeconfig";

/**
 * Installs Nephele by its chart in the cluster that KUBECONFIG names, with the values of the file that VALUES names: there an
 * administrator says where that cluster has the images from. Returns the kubeconfig's path.
 */
export async function upExisting(print: (line: string) => void): Promise<string> {
  const kubeconfig = process.env["KUBECONFIG"];
  if (!kubeconfig) throw new Error("CLUSTER=existing needs KUBECONFIG: set it to the kubeconfig of your cluster");
  await install(kubeconfig, [], print);
  return kubeconfig;
}

/** Makes a kind cluster called `nephele` if there is none (Docker and kind are needed), with images of this checkout. */
export async function upKind(stateDir: string, print: (line: string) => void): Promise<string> {
  const kubeconfig = join(stateDir, kindKubeconfig);
  const built = await images(chartImages, print);
  const steps = openSteps(print);
  await steps.step("kind's cluster", async () => {
    const clusters = (await kind("get", "clusters")).split("\n");
    if (!clusters.includes(kindName)) await kind("create", "cluster", `--name=${kindName}`, "--wait=120s");
    await kind("export", "kubeconfig", `--name=${kindName}`, `--kubeconfig=${kubeconfig}`);
  });
  await steps.step("images", async () => {
    for (const { archive } of built) await kind("load", "image-archive", archive, `--name=${kindName}`);
  });
  await install(kubeconfig, rolledOutByContent(built), print);
  return kubeconfig;
}

/** Deletes the kind cluster. */
export async function downKind(): Promise<void> {
  await kind("delete", "cluster", `--name=${kindName}`);
}

async function install(kubeconfig: string, settings: readonly string[], print: (line: string) => void): Promise<void> {
  const values = process.env["VALUES"];
  const ofFile = values ? [`--values=${resolve(values)}`] : [];
  const release = releaseOf(await openHelm(kubeconfig, print), [...settings, ...ofFile]);
  await openSteps(print).step("Nephele and its Cloud", () => release.upgrade());
  const run = kubectl(join((await tools("kubernetes", print)).bin, "kubectl"), kubeconfig);
  for (const line of await partsOfCloud(run)) print(line);
}

async function kind(...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)("kind", [...args])).stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? `: ${String(error.stderr).trim()}` : "";
    throw new Error(`kind ${args.join(" ")} failed; CLUSTER=kind needs kind and Docker${said}`, { cause: error });
  }
}
