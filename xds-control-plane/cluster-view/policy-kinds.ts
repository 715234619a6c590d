import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";
import type { AccessPolicy } from "./generated/accesspolicy.ts";
import type { DeniedIdentity } from "./generated/deniedidentity.ts";
import type { EdgePolicy } from "./generated/edgepolicy.ts";
import type { ParentRef } from "./kinds.ts";

/** Policies that are read here: Gateway API's for backends, and our own, whose types are generated. */

export interface BackendTlsPolicySpec {
  readonly targetRefs: readonly {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly sectionName?: string;
  }[];
  readonly validation: {
    readonly hostname: string;
    readonly subjectAltNames?: readonly {
      readonly type: "Hostname" | "URI";
      readonly hostname?: string;
      readonly uri?: string;
    }[];
    readonly caCertificateRefs?: readonly { readonly group: string; readonly kind: string; readonly name: string }[];
    readonly wellKnownCACertificates?: string;
  };
}

export interface PolicyAncestorStatus {
  readonly ancestorRef: ParentRef;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export type BackendTlsPolicy = KubeObject<
  BackendTlsPolicySpec,
  { readonly ancestors?: readonly PolicyAncestorStatus[] }
>;
export const backendTlsPolicies = defineResource<BackendTlsPolicy>({
  group: "gateway.networking.k8s.io",
  version: "v1",
  plural: "backendtlspolicies",
  kind: "BackendTLSPolicy",
  namespaced: true,
});

/** Of a BackendTLSPolicy: authorities' certificates under `ca.crt`. */
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

const ours = { group: "nephele.dev", version: "v1alpha1" } as const;

export const accessPolicies = defineResource<AccessPolicy>({
  ...ours,
  plural: "accesspolicies",
  kind: "AccessPolicy",
  namespaced: true,
});

export const deniedIdentities = defineResource<DeniedIdentity>({
  ...ours,
  plural: "deniedidentities",
  kind: "DeniedIdentity",
  namespaced: false,
});

export const edgePolicies = defineResource<EdgePolicy>({
  ...ours,
  plural: "edgepolicies",
  kind: "EdgePolicy",
  namespaced: true,
});
