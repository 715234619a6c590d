import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

/** As much of Gateway API's kinds (v1) as is needed to run proxies. What they say of routes is the control plane's. */

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

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly listeners?: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  /** For all that is made of the Gateway. */
  readonly infrastructure?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Its status is the control plane's to write. */
export type Gateway = KubeObject<GatewaySpec>;
export const gateways = defineResource<Gateway>({
  ...gatewayApi,
  plural: "gateways",
  kind: "Gateway",
  namespaced: true,
});
