import type {
  NetworkPolicyEgressRule,
  NetworkPolicyPeer,
  NetworkPolicySpec,
} from "kubernetes-types/networking/v1.d.ts";
import type { Project } from "#operator/api/generated/project.ts";
import { BARBICAN_PORT, CLOUD_LABEL, KEYSTONE_PORT } from "#operator/clients/cloud-connection.ts";
import { SPECIAL_ADDRESSES, throughNat64 } from "#operator/special-addresses.ts";
import type { Desired, ObjectMeta } from "#runtime/api/object.ts";
import { childLabels, namespaceOf, PROJECT } from "../names.ts";

/** What importers may reach, and the Cloud whose services the Project's pods may, where it is known. */
export interface Reach {
  readonly importers: ImportersReach;
  /** One that is deployed. */
  readonly cloud: Pick<ObjectMeta, "namespace" | "name"> | undefined;
}

/** Where the parts are that every Project may speak with. */
export interface PlatformNamespaces {
  /** Of the release: the gateway is in it. */
  readonly system: string;
  /** Of CDI: its controller asks importers how far they are, its proxy sends uploads. */
  readonly cdi: string;
}

/** The label that Kubernetes itself puts on every namespace, so that no tenant can choose it. */
const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/**
 * Addresses that no importer may reach: this node's own and the metadata services of clouds, of which Amazon's has a private one in
 * v6 ("Supporting Amazon VPC services" in its whitepaper on IPv6).
 */
const LINK_LOCAL = {
  v4: ["169.254.0.0/16"],
  v6: ["fe80::/10", throughNat64("169.254.0.0/16"), "fd00:ec2::254/128"],
} as const;

/**
 * What importers may reach. `Internet`: all but the special addresses, so nothing of the cluster or the house. `Any`: all but
 * link-local ones, where the Cloud lists what Images may be imported from, which may be within.
 */
export type ImportersReach = "Internet" | "Any";

/** Where CDI's servers of uploads listen. */
const UPLOADS = [{ protocol: "TCP", port: 8443 }];

const toDns: NetworkPolicyEgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: 53 })),
};

/** By this label CDI says what a pod of its own does; nobody else may set it, or enter such a pod (crds/policies/workloads.yaml). */
const doing = (what: "importer" | "cdi-clone-source" | "cdi-upload-server") => ({
  matchLabels: { "cdi.kubevirt.io": what },
});

/**
 * Isolation `Strict`: within the namespace everything, out of it DNS, the Cloud's Keystone and Barbican, the platform's gateway
 * and CDI, and nothing else; images come from outside, or from the namespace of another Project that shares them. `Open`
 * bounds importers alone: they fetch for a tenant what a name resolves to and where a server redirects to, whatever his own
 * pods may reach. What is written here holds only where the cluster's network plug-in enforces NetworkPolicy.
 */
export function networkPolicies(
  project: Project,
  platform: PlatformNamespaces,
  { importers, cloud }: Reach,
): readonly Desired[] {
  const bounded = policy(project, "nephele-importers", {
    podSelector: doing("importer"),
    policyTypes: ["Egress"],
    // The names of what they fetch they ask for by this very policy: in a Project that is Open no other one lets them.
    egress: [toOutside(importers), toDns],
  });
  if (project.spec.isolation === "Open") return [bounded];
  const sameNamespace: NetworkPolicyPeer = { podSelector: {} };
  const gateway: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: platform.system } },
    podSelector: { matchLabels: { "app.kubernetes.io/component": "gateway" } },
  };
  const cdi: NetworkPolicyPeer = { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: platform.cdi } } };
  const inProjects = { namespaceSelector: { matchExpressions: [{ key: PROJECT, operator: "Exists" }] } };
  return [
    policy(project, "nephele-isolation", {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [sameNamespace, gateway, cdi] }],
      egress: [{ to: [sameNamespace, gateway, cdi] }, toDns, ...(cloud === undefined ? [] : [toServices(cloud)])],
    }),
    bounded,
    // A disk of an Image that another Project shares is sent by a pod in that Project's namespace to one in this, and CDI's own
    // certificates decide which may. Either side may be a Project's that is Strict.
    policy(project, "nephele-clones-out", {
      podSelector: doing("cdi-clone-source"),
      policyTypes: ["Egress"],
      egress: [{ to: [{ ...inProjects, podSelector: doing("cdi-upload-server") }], ports: UPLOADS }],
    }),
    policy(project, "nephele-clones-in", {
      podSelector: doing("cdi-upload-server"),
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ ...inProjects, podSelector: doing("cdi-clone-source") }], ports: UPLOADS }],
    }),
  ];
}

function toOutside(importers: ImportersReach): NetworkPolicyEgressRule {
  const closed = importers === "Internet" ? SPECIAL_ADDRESSES : LINK_LOCAL;
  return {
    to: [
      { ipBlock: { cidr: "0.0.0.0/0", except: [...closed.v4] } },
      { ipBlock: { cidr: "::/0", except: [...closed.v6] } },
    ],
  };
}

/** To Keystone and Barbican of a Cloud that is deployed. Of services that exist we know a name and no address. */
function toServices({ namespace = "", name }: NonNullable<Reach["cloud"]>): NetworkPolicyEgressRule {
  const services: NetworkPolicyPeer = {
    namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } },
    podSelector: {
      matchLabels: { [CLOUD_LABEL]: name },
      matchExpressions: [{ key: "app.kubernetes.io/name", operator: "In", values: ["keystone", "barbican"] }],
    },
  };
  return { to: [services], ports: [KEYSTONE_PORT, BARBICAN_PORT].map((port) => ({ protocol: "TCP", port })) };
}

function policy(project: Project, name: string, spec: NetworkPolicySpec): Desired {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: namespaceOf(project), labels: childLabels(project) },
    spec,
  };
}
