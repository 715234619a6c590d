import { join } from "node:path";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import type { Kubernetes } from "./kubernetes.ts";

/**
 * A kubeconfig whose client certificate *is* a service account, by user name and groups, so that RBAC and KubeVirt's
 * webhooks, which trust certain accounts only, see the process as they see its pod.
 */
export async function serviceAccountKubeconfig(
  kubernetes: Pick<Kubernetes, "authority" | "serverUrl">,
  stateDir: string,
  account: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const path = join(stateDir, `${account.name}.kubeconfig`);
  const client = await kubernetes.authority.issue({
    commonName: `system:serviceaccount:${account.namespace}:${account.name}`,
    organizations: ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`, "system:authenticated"],
  });
  writeKubeconfig(path, { server: kubernetes.serverUrl, authority: kubernetes.authority.certificate, client });
  return path;
}
