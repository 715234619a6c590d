import { stringify } from "yaml";
import { writeWhole } from "./files.ts";
import type { KeyPair } from "./pki.ts";

/** What a kubeconfig says: one API server and one user with a client certificate. */
export interface KubeconfigContent {
  readonly server: string;
  /** The API server's authority, PEM. */
  readonly authority: string;
  readonly client: KeyPair;
}

/** A kubeconfig in which certificates and key are embedded, so that the file can be copied anywhere. */
export function kubeconfigText(content: KubeconfigContent): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "local", cluster: { server: content.server, "certificate-authority-data": base64(content.authority) } },
    ],
    users: [
      {
        name: "local",
        user: {
          "client-certificate-data": base64(content.client.certificate),
          "client-key-data": base64(content.client.key),
        },
      },
    ],
    contexts: [{ name: "local", context: { cluster: "local", user: "local" } }],
    "current-context": "local",
  });
}

/** Writes a kubeconfig that only its owner may read. */
export function writeKubeconfig(path: string, content: KubeconfigContent): void {
  writeWhole(path, kubeconfigText(content));
}
