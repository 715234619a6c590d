import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { tools } from "../tools/build.ts";
import { apply, type Kubectl, kubectl } from "./kubectl.ts";
import { type ClusterLocation, checkout, clusterLocation } from "./location.ts";
import { applyNepheleObjects, systemNamespace } from "./nephele-objects.ts";

/**
 * What CLUSTER may say, and which cluster that is: a control plane without a node, one with a real node, one that the user
 * has, or one that kind makes. `local` is what is meant where nothing is said.
 */
const clusterKinds = {
  local: "control",
  control: "control",
  node: "node",
  existing: "existing",
  kind: "kind",
} as const;
export type ClusterKind = (typeof clusterKinds)[keyof typeof clusterKinds];

const kindName = "nephele";
/** The kubeconfig of the kind cluster, in the state folder. */
export const kindKubeconfig = "kind.kubeconfig";

/** What CLUSTER asks for. Throws for a word that is not known. */
export function wantedCluster(env: Readonly<Record<string, string | undefined>> = process.env): ClusterKind {
  const asked = env["CLUSTER"] || "local";
  const found = Object.entries(clusterKinds).find(([name]) => name === asked);
  if (found === undefined) {
    throw new Error(`CLUSTER=${asked} is not known: use ${Object.keys(clusterKinds).join(", ")}`);
  }
  return found[1];
}

/** Where the cluster that CLUSTER asks for keeps its state. */
export function wantedLocation(): ClusterLocation {
  return clusterLocation(process.env, wantedCluster() === "node" ? "node" : "cluster");
}

/** Installs Nephele's CRDs, policies and rights in the cluster that KUBECONFIG names. Returns the kubeconfig's path. */
export async function upExisting(print: (line: string) => void): Promise<string> {
  const kubeconfig = process.env["KUBECONFIG"];
  if (!kubeconfig) throw new Error("CLUSTER=existing needs KUBECONFIG: set it to the kubeconfig of your cluster");
  await install(kubectl(await program(print), kubeconfig));
  return kubeconfig;
}

/** Makes a kind cluster called `nephele` if there is none (Docker and kind are needed), and installs as upExisting. */
export async function upKind(stateDir: string, print: (line: string) => void): Promise<string> {
  const kubeconfig = join(stateDir, kindKubeconfig);
  const clusters = (await kind("get", "clusters")).split("\n");
  if (!clusters.includes(kindName)) await kind("create", "cluster", `--name=${kindName}`, "--wait=120s");
  await kind("export", "kubeconfig", `--name=${kindName}`, `--kubeconfig=${kubeconfig}`);
  await install(kubectl(await program(print), kubeconfig));
  return kubeconfig;
}

/** Deletes the kind cluster. */
export async function downKind(): Promise<void> {
  await kind("delete", "cluster", `--name=${kindName}`);
}

async function install(run: Kubectl): Promise<void> {
  const known = await run("get", "namespace", systemNamespace, "--ignore-not-found", "--output=name");
  if (known.trim() === "") await run("create", "namespace", systemNamespace);
  await applyNepheleObjects(run);
  await apply(run, join(checkout, "charts", "nephele", "rbac"));
}

async function program(print: (line: string) => void): Promise<string> {
  return join((await tools("kubernetes", print)).bin, "kubectl");
}

async function kind(...args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)("kind", [...args])).stdout;
  } catch (error) {
    throw new Error(`kind ${args.join(" ")} failed; CLUSTER=kind needs kind and Docker`, { cause: error });
  }
}
