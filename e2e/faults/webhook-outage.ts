import { randomBytes } from "node:crypto";
import { eventually } from "#e2e/harness/eventually.ts";
import type { Desired } from "#runtime/api/object.ts";
import { defineResource, type Resource } from "#runtime/api/resource.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";

const configurations = defineResource({
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  kind: "ValidatingWebhookConfiguration",
  namespaced: false,
});

/** Nobody listens there. */
const NOBODY = "https://127.0.0.1:9/";

export interface Outage {
  end(): Promise<void>;
}

/**
 * Has the API server fail at writes of one kind as it does while KubeVirt or CDI is away: it calls a webhook, and nobody
 * answers. Only objects with the labels are meant, so other tests feel nothing.
 * @param probe an object of that kind with those labels; it is tried until the outage is felt, and never made
 */
export async function webhookOutage(
  kube: KubeClient,
  resource: Resource,
  labels: Readonly<Record<string, string>>,
  probe: Desired,
): Promise<Outage> {
  const name = `outage-${randomBytes(4).toString("hex")}.nephele.dev`;
  const rule = {
    apiGroups: [resource.group],
    apiVersions: [resource.version],
    operations: ["CREATE", "UPDATE"],
    resources: [resource.plural],
  };
  await kube.create(configurations, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name,
        clientConfig: { url: NOBODY },
        rules: [rule],
        objectSelector: { matchLabels: labels },
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        timeoutSeconds: 5,
      },
    ],
  });
  const key = {
    name: probe.metadata.name,
    ...(probe.metadata.namespace === undefined ? {} : { namespace: probe.metadata.namespace }),
  };
  await eventually("the outage to be felt", async () => {
    try {
      await kube.create(resource, probe);
    } catch (error) {
      return error instanceof Error && error.message.includes(name);
    }
    await kube.delete(resource, key);
    return false;
  });
  return { end: async () => void (await kube.delete(configurations, { name })) };
}
