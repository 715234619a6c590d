import { join } from "node:path";
import { writeKubeconfig } from "./kubeconfig-file.ts";
import type { Kubernetes } from "./kubernetes.ts";
import type { Authority, KeyPair } from "./pki.ts";

interface Account {
  readonly namespace: string;
  readonly name: string;
}

/**
 * A client certificate that *is* a service account, by user name and groups, so that RBAC and KubeVirt's webhooks,
 * which trust certain accounts only, see the process as they see its pod.
 */
export function serviceAccountCertificate(authority: Authority, { namespace, name }: Account): Promise<KeyPair> {
  return authority.issue({
    commonName: `system:serviceaccount:${namespace}:${name}`,
    organizations: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  });
}

/** A kubeconfig with the certificate of a service account. */
export async function serviceAccountKubeconfig(
  kubernetes: Pick<Kubernetes, "authority" | "serverUrl">,
  stateDir: string,
  account: Account,
): Promise<string> {
  const path = join(stateDir, `${account.name}.kubeconfig`);
  const client = await serviceAccountCertificate(kubernetes.authority, account);
  writeKubeconfig(path, { server: kubernetes.serverUrl, authority: kubernetes.authority.certificate, client });
  return path;
}
