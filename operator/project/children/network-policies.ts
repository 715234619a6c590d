import type { NetworkPolicyPeer, NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { SPECIAL_ADDRESSES } from "#operator/special-addresses.ts";
import type { Desired } from "#runtime/api/object.ts";
import { childLabels, namespaceOf } from "../names.ts";

/** Where the parts are that every Project may speak with. */
export interface PlatformNamespaces {
  /** Of the release: the gateway is in it. */
  readonly system: string;
  /** Of CDI: its controller asks importers how far they are, its proxy sends uploads. */
  readonly cdi: string;
}

/** The label that Kubernetes itself puts on every namespace, so that no tenant can choose it. */
const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** Addresses that no importer may reach: this node's own and the metadata services of clouds. */
const LINK_LOCAL = { v4: ["169.254.0.0/16"], v6: ["fe80::/10"] } as const;

/**
 * What importers may reach. `Internet`: all but the special addresses, so nothing of the cluster or the house. `Any`: all but
 * link-local ones, where the Cloud lists what Images may be imported from, which may be within.
 */
export type ImportersReach = "Internet" | "Any";

/**
 * Isolation `Strict`: within the namespace everything, out of it DNS, the platform's gateway and CDI, and nothing else; images
 * come from outside. `Open` makes no policy. What is written here holds only where the cluster's network plug-in enforces
 * NetworkPolicy.
 */
export function networkPolicies(
  project: Project,
  platform: PlatformNamespaces,
  importers: ImportersReach,
): readonly Desired[] {
  if (project.spec.isolation === "Open") return [];
  const sameNamespace: NetworkPolicyPeer = { podSelector: {} };
  const gateway: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: platform.system } },
    podSelector: { matchLabels: { "app.kubernetes.io/component": "gateway" } },
  };
  const cdi: NetworkPolicyPeer = { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: platform.cdi } } };
  const dns: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  const closed = importers === "Internet" ? SPECIAL_ADDRESSES : LINK_LOCAL;
  return [
    policy(project, "nephele-isolation", {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [sameNamespace, gateway, cdi] }],
      egress: [
        { to: [sameNamespace, gateway, cdi] },
        {
          to: [dns],
          ports: [53].flatMap((port) => [
            { protocol: "UDP", port },
            { protocol: "TCP", port },
          ]),
        },
      ],
    }),
    policy(project, "nephele-importers", {
      podSelector: { matchLabels: { "cdi.kubevirt.io": "importer" } },
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            { ipBlock: { cidr: "0.0.0.0/0", except: [...closed.v4] } },
            { ipBlock: { cidr: "::/0", except: [...closed.v6] } },
          ],
        },
      ],
    }),
  ];
}

function policy(project: Project, name: string, spec: NetworkPolicySpec): Desired {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: namespaceOf(project), labels: childLabels(project) },
    spec,
  };
}
