/** Other people's kinds that the reconcilers read or make. Where a name is ours too, theirs has its group before it. */
import type {
  V1beta1DataSourceSpec,
  V1beta1DataSourceStatus,
  V1beta1DataVolumeSpec,
  V1beta1DataVolumeStatus,
} from "@kubevirt-ui-ext/kubevirt-api/containerized-data-importer";
import type {
  V1beta1VirtualMachineInstancetypeSpec,
  V1VirtualMachineInstanceSpec,
  V1VirtualMachineInstanceStatus,
  V1VirtualMachineSpec,
  V1VirtualMachineStatus,
} from "@kubevirt-ui-ext/kubevirt-api/kubevirt";
import type { DeploymentSpec, DeploymentStatus } from "kubernetes-types/apps/v1.d.ts";
import type {
  Event as CoreEvent,
  NamespaceSpec,
  NamespaceStatus,
  NodeSpec,
  NodeStatus,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
  PodSpec,
  PodStatus,
  ResourceQuotaSpec,
  ResourceQuotaStatus,
  ServiceSpec,
  ServiceStatus,
} from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import type { PodDisruptionBudgetSpec } from "kubernetes-types/policy/v1.d.ts";
import type { PolicyRule, RoleRef, Subject } from "kubernetes-types/rbac/v1.d.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

const core = { group: "", version: "v1" } as const;
const rbac = { group: "rbac.authorization.k8s.io", version: "v1" } as const;
const kubevirt = { group: "kubevirt.io", version: "v1" } as const;
const cdi = { group: "cdi.kubevirt.io", version: "v1beta1" } as const;

export type Namespace = KubeObject<NamespaceSpec, NamespaceStatus>;
export const namespaces = defineResource<Namespace>({
  ...core,
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
});

/** A machine of the cluster. Server's `status.node` names one. */
export type Node = KubeObject<NodeSpec, NodeStatus>;
export const nodes = defineResource<Node>({ ...core, plural: "nodes", kind: "Node", namespaced: false });

export interface CoreSecret extends KubeObject {
  readonly type?: string;
  /** Values in base64. */
  readonly data?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}
/** Core's Secret. Watched in Projects' namespaces only. */
export const coreSecrets = defineResource<CoreSecret>({ ...core, plural: "secrets", kind: "Secret", namespaced: true });

export type Service = KubeObject<ServiceSpec, ServiceStatus>;
export const services = defineResource<Service>({ ...core, plural: "services", kind: "Service", namespaced: true });

export type ResourceQuota = KubeObject<ResourceQuotaSpec, ResourceQuotaStatus>;
export const resourceQuotas = defineResource<ResourceQuota>({
  ...core,
  plural: "resourcequotas",
  kind: "ResourceQuota",
  namespaced: true,
});

export type Pod = KubeObject<PodSpec, PodStatus>;
export const pods = defineResource<Pod>({ ...core, plural: "pods", kind: "Pod", namespaced: true });

/** What is said of an object, in the form that field selectors know (core/v1). */
export type Event = KubeObject & Omit<CoreEvent, keyof KubeObject>;
export const events = defineResource<Event>({ ...core, plural: "events", kind: "Event", namespaced: true });

export type Deployment = KubeObject<DeploymentSpec, DeploymentStatus>;
export const deployments = defineResource<Deployment>({
  group: "apps",
  version: "v1",
  plural: "deployments",
  kind: "Deployment",
  namespaced: true,
});

export type PodDisruptionBudget = KubeObject<PodDisruptionBudgetSpec>;
export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  plural: "poddisruptionbudgets",
  kind: "PodDisruptionBudget",
  namespaced: true,
});

export interface ServiceAccount extends KubeObject {
  /** Whether its pods are given its token where they do not say so themselves. */
  readonly automountServiceAccountToken?: boolean;
}
/** Watched where workloads are registered: who their pods are. */
export const serviceAccounts = defineResource<ServiceAccount>({
  ...core,
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  namespaced: true,
});

export type PersistentVolumeClaim = KubeObject<PersistentVolumeClaimSpec, PersistentVolumeClaimStatus>;
export const persistentVolumeClaims = defineResource<PersistentVolumeClaim>({
  ...core,
  plural: "persistentvolumeclaims",
  kind: "PersistentVolumeClaim",
  namespaced: true,
});

export interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[];
}
export const roles = defineResource<Role>({ ...rbac, plural: "roles", kind: "Role", namespaced: true });

export interface RoleBinding extends KubeObject {
  readonly roleRef: RoleRef;
  readonly subjects?: readonly Subject[];
}
export const roleBindings = defineResource<RoleBinding>({
  ...rbac,
  plural: "rolebindings",
  kind: "RoleBinding",
  namespaced: true,
});

export type NetworkPolicy = KubeObject<NetworkPolicySpec>;
export const networkPolicies = defineResource<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  plural: "networkpolicies",
  kind: "NetworkPolicy",
  namespaced: true,
});

export type VirtualMachine = KubeObject<V1VirtualMachineSpec, V1VirtualMachineStatus>;
export const virtualMachines = defineResource<VirtualMachine>({
  ...kubevirt,
  plural: "virtualmachines",
  kind: "VirtualMachine",
  namespaced: true,
});

export type VirtualMachineInstance = KubeObject<V1VirtualMachineInstanceSpec, V1VirtualMachineInstanceStatus>;
export const virtualMachineInstances = defineResource<VirtualMachineInstance>({
  ...kubevirt,
  plural: "virtualmachineinstances",
  kind: "VirtualMachineInstance",
  namespaced: true,
});

export type VirtualMachineClusterInstancetype = KubeObject<V1beta1VirtualMachineInstancetypeSpec>;
export const virtualMachineClusterInstancetypes = defineResource<VirtualMachineClusterInstancetype>({
  group: "instancetype.kubevirt.io",
  version: "v1beta1",
  plural: "virtualmachineclusterinstancetypes",
  kind: "VirtualMachineClusterInstancetype",
  namespaced: false,
});

export type DataVolume = KubeObject<V1beta1DataVolumeSpec, V1beta1DataVolumeStatus>;
export const dataVolumes = defineResource<DataVolume>({
  ...cdi,
  plural: "datavolumes",
  kind: "DataVolume",
  namespaced: true,
});

export type DataSource = KubeObject<V1beta1DataSourceSpec, V1beta1DataSourceStatus>;
export const dataSources = defineResource<DataSource>({
  ...cdi,
  plural: "datasources",
  kind: "DataSource",
  namespaced: true,
});
