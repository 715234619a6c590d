import type { NetworkPolicyPeer, NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import type { Project } from "#operator/api/generated/project.ts";
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
const LINK_LOCAL = { v4: "169.254.0.0/16", v6: "fe80::/10" } as const;

/**
 * Isolation `Strict`: within the namespace everything, out of it DNS, the platform's gateway and CDI, and nothing else.
 * Importers may reach any address but link-local ones, because images come from outside: the cluster's own Services and
 * other tenants among them, as nothing bounds yet which addresses an Image may name. `Open` makes no policy. What is
 * written here holds only where the cluster's network plug-in enforces NetworkPolicy.
 */
export function networkPolicies(project: Project, platform: PlatformNamespaces): readonly Desired[] {
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
            { ipBlock: { cidr: "0.0.0.0/0", except: [LINK_LOCAL.v4] } },
            { ipBlock: { cidr: "::/0", except: [LINK_LOCAL.v6] } },
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
