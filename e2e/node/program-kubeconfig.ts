import { join } from "node:path";
import type { ClusterContext } from "../cluster/context.ts";
import { writeKubeconfig } from "../cluster/kubeconfig-file.ts";
import type { Kubernetes } from "../cluster/kubernetes.ts";
import { nodeFolders } from "./location.ts";

/** Writes the kubeconfig of a program of the node, which has a certificate of its own. Gives its path. */
export async function programKubeconfig(
  context: ClusterContext,
  { authority, serverUrl }: Pick<Kubernetes, "authority" | "serverUrl">,
  program: string,
  user: Parameters<Kubernetes["authority"]["issue"]>[0],
): Promise<string> {
  const path = join(nodeFolders(context).config, `${program}.kubeconfig`);
  const client = await authority.issue(user);
  writeKubeconfig(path, { server: serverUrl, authority: authority.certificate, client });
  return path;
}
