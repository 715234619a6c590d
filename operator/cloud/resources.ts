import type { StatefulSetSpec, StatefulSetStatus } from "kubernetes-types/apps/v1.d.ts";
import type { JobSpec, JobStatus } from "kubernetes-types/batch/v1.d.ts";
import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource, type MetadataOnly } from "#runtime/api/resource.ts";

export { type Deployment, deployments, podDisruptionBudgets, serviceAccounts } from "#operator/api/foreign.ts";
export { type Gateway, gatewayClasses, gateways } from "#operator/api/gateway-api.ts";

/** Watched as metadata: their names say which APIs the cluster serves. */
export const customResourceDefinitions = defineResource<MetadataOnly>({
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
});

export type StatefulSet = KubeObject<StatefulSetSpec, StatefulSetStatus>;
export const statefulSets = defineResource<StatefulSet>({
  group: "apps",
  version: "v1",
  plural: "statefulsets",
  kind: "StatefulSet",
  namespaced: true,
});

export type Job = KubeObject<JobSpec, JobStatus>;
export const jobs = defineResource<Job>({
  group: "batch",
  version: "v1",
  plural: "jobs",
  kind: "Job",
  namespaced: true,
});

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}
export const configMaps = defineResource<ConfigMap>({
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
});

/** Ours, and the control plane's to answer: watched where a Cloud's pods have sidecars. */
export type AccessPolicy = KubeObject<
  object,
  { readonly ancestors?: readonly { readonly conditions?: readonly Condition[] }[] }
>;
export const accessPolicies = defineResource<AccessPolicy>({
  group: "nephele.dev",
  version: "v1alpha1",
  plural: "accesspolicies",
  kind: "AccessPolicy",
  namespaced: true,
});

/** Ours, and the control plane's to answer: made for the edges of Clouds. */
export type EdgePolicy = KubeObject<
  { readonly jwt?: { readonly jwks: string } },
  { readonly ancestors?: readonly { readonly conditions?: readonly Condition[] }[] }
>;
export const edgePolicies = defineResource<EdgePolicy>({
  group: "nephele.dev",
  version: "v1alpha1",
  plural: "edgepolicies",
  kind: "EdgePolicy",
  namespaced: true,
});

/** As much of Gateway API's kind as an edge's routes have. */
export type HttpRoute = KubeObject<
  { readonly rules?: readonly { readonly backendRefs?: readonly { readonly name: string }[] }[] },
  { readonly parents?: readonly { readonly conditions?: readonly Condition[] }[] }
>;
export const httpRoutes = defineResource<HttpRoute>({
  group: "gateway.networking.k8s.io",
  version: "v1",
  plural: "httproutes",
  kind: "HTTPRoute",
  namespaced: true,
});
