import type { CloudClients } from "#operator/clients/cloud-clients.ts";
import { createLogger } from "#runtime/observe/log.ts";
import type { KeyManager } from "../key-manager.ts";
import { openStackClouds } from "../openstack.ts";

/** The real key manager of a project, by the operator's own login, for what a test calls itself. */
export function sweepKeys(clients: CloudClients, projectId: string): Promise<KeyManager> {
  const access = { forCloud: async () => clients, identityAuthority: async () => undefined };
  const audit = createLogger({ level: "silent" });
  const url = "http://barbican.example.org";
  const cloud = {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "test", namespace: "nephele-system", uid: "test", resourceVersion: "1", creationTimestamp: "" },
    spec: {
      region: clients.region,
      identity: { external: { url, credentialsSecretRef: { name: "test" } } },
      keyManager: { external: { url } },
      protected: false,
      onDelete: "Retain" as const,
    },
  };
  const cause = { reconcileId: crypto.randomUUID(), signal: new AbortController().signal };
  return openStackClouds({ access, audit, clock: () => new Date() }).keyManager(cloud, projectId, cause);
}
