import type { HttpsClient } from "./https.ts";

/** The name of the played node. */
export const playedNodeName = "played";

const quantities = {
  cpu: "64",
  memory: "256Gi",
  pods: "500",
  "ephemeral-storage": "1000Gi",
  "devices.kubevirt.io/kvm": "1k",
  "devices.kubevirt.io/tun": "1k",
  "devices.kubevirt.io/vhost-net": "1k",
};

/**
 * Makes the node that stands in for a real one: what kubelet would register and what virt-handler's labeller and
 * device plugins would add, so that the scheduler takes launcher pods to it. Nothing runs there:
 * played-kubelet.ts confirms deletions, and tests write the status that a kubelet and a virt-handler would.
 */
export async function ensurePlayedNode(https: HttpsClient): Promise<void> {
  const now = new Date().toISOString();
  await https.json(`/api/v1/nodes/${playedNodeName}?fieldManager=nephele-cluster&force=true`, {
    method: "PATCH",
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: playedNodeName,
        labels: {
          "kubernetes.io/hostname": playedNodeName,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "kubevirt.io/schedulable": "true",
          "machine-type.node.kubevirt.io/q35": "true",
        },
        // virt-controller calls a node dead whose handler has not been heard of for five minutes.
        annotations: { "kubevirt.io/heartbeat": "2099-01-01T00:00:00Z" },
      },
    },
  });
  const ready = { type: "Ready", status: "True", reason: "Played", lastHeartbeatTime: now, lastTransitionTime: now };
  await https.json(`/api/v1/nodes/${playedNodeName}/status`, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { status: { capacity: quantities, allocatable: quantities, conditions: [ready] } },
  });
  // The API server taints every new node; the controller that would take the taint away does not run here.
  await https.json(`/api/v1/nodes/${playedNodeName}`, {
    method: "PATCH",
    contentType: "application/merge-patch+json",
    body: { spec: { taints: null } },
  });
}
