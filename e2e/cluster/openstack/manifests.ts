import { readFileSync } from "node:fs";
import type { OpenStackHandle } from "./handle.ts";

/** A Kubernetes object to apply. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly [field: string]: unknown;
}

const namespace = "nephele-system";
const credentialsSecret = "keystone-operator";

/**
 * What the operator needs in order to reach this OpenStack: a core Secret with its login, and the Cloud `default` that
 * names both services as external ones. The first holds the password: apply it, never print it.
 */
export function openStackManifests(handle: OpenStackHandle): readonly Manifest[] {
  const { username, passwordFile, userDomain } = handle.operator;
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: credentialsSecret, namespace },
      type: "Opaque",
      stringData: { username, password: readFileSync(passwordFile, "utf8"), userDomain },
    },
    {
      apiVersion: "nephele.dev/v1alpha1",
      kind: "Cloud",
      metadata: { name: "default", namespace },
      spec: {
        region: handle.region,
        identity: { external: { url: handle.identityUrl, credentialsSecretRef: { name: credentialsSecret } } },
        keyManager: { external: { url: handle.keyManagerUrl } },
      },
    },
  ];
}
