import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

/** As much of Gateway API's kinds (v1) as is needed to run proxies, and to see whether a Gateway serves. */

const gatewayApi = { group: "gateway.networking.k8s.io", version: "v1" } as const;

/** Who the control plane is among the controllers of Gateway API: classes that name it are ours. */
export const CONTROLLER_NAME = "nephele.dev/gateway";

export type GatewayClass = KubeObject<{ readonly controllerName: string }>;
export const gatewayClasses = defineResource<GatewayClass>({
  ...gatewayApi,
  plural: "gatewayclasses",
  kind: "GatewayClass",
  namespaced: false,
});

/** The label by which Gateway API knows what was made of a Gateway (GEP-1762). */
export const GATEWAY_LABEL = "gateway.networking.k8s.io/gateway-name";

/** What names of that end with. */
export const GATEWAY_CHILD_SUFFIX = "-gateway";

/**
 * The name of all that is made of a Gateway, its ServiceAccount among it. The control plane admits proxies by that account
 * (xds-control-plane/program/proxy-identity.ts). It is none that an application beside the Gateway would have: that would
 * have the Gateway's identity.
 */
export function childName(gateway: string): string {
  return `${gateway}${GATEWAY_CHILD_SUFFIX}`;
}

export interface GatewayListener {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname?: string;
  readonly tls?: { readonly certificateRefs?: readonly { readonly name: string }[] };
}

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly listeners?: readonly GatewayListener[];
  /** For all that is made of the Gateway. */
  readonly infrastructure?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The control plane's to write, or another controller's. */
export interface GatewayStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly conditions?: readonly Condition[] }[];
}

export type Gateway = KubeObject<GatewaySpec, GatewayStatus>;
export const gateways = defineResource<Gateway>({
  ...gatewayApi,
  plural: "gateways",
  kind: "Gateway",
  namespaced: true,
});
