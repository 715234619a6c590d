import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { apply, type Kubectl } from "../cluster/kubectl.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { nodeFolders } from "./location.ts";
import { programKubeconfig } from "./program-kubeconfig.ts";

/** As manifests/storage.yaml has it. */
const provisionerName = "nephele.dev/local";
const userName = "nephele-local-provisioner";

/** Installs the StorageClass `local`, the default one, and starts what makes its volumes. */
export async function installStorage(
  context: ClusterContext,
  bin: string,
  kubernetes: Kubernetes,
  run: Kubectl,
): Promise<void> {
  const { volumes } = nodeFolders(context);
  const kubeconfig = await programKubeconfig(context, kubernetes, "provisioner", { commonName: userName });
  await apply(run, join(import.meta.dirname, "manifests", "storage.yaml"));
  context.processes.startProcess({
    name: "provisioner",
    command: join(bin, "provisioner"),
    args: [`-kubeconfig=${kubeconfig}`, `-name=${provisionerName}`, `-root=${volumes}`],
    dependsOn: ["kube-apiserver"],
  });
}
