import type { Condition } from "#runtime/api/conditions.ts";
import type { KubeObject } from "#runtime/api/object.ts";
import { defineResource } from "#runtime/api/resource.ts";

/**
 * As much of Kubernetes' and Gateway API's kinds (v1, release 1.6) as is read here. Fields that Gateway API's own
 * definitions fill in where they are left out are required.
 */

const gatewayApi = { group: "gateway.networking.k8s.io", version: "v1" } as const;

export interface ConditionedStatus {
  readonly conditions?: readonly Condition[];
}

export interface GatewayClassStatus extends ConditionedStatus {
  readonly supportedFeatures?: readonly { readonly name: string }[];
}

export type GatewayClass = KubeObject<{ readonly controllerName: string }, GatewayClassStatus>;
export const gatewayClasses = defineResource<GatewayClass>({
  ...gatewayApi,
  plural: "gatewayclasses",
  kind: "GatewayClass",
  namespaced: false,
});

export interface SecretRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface GatewayListener {
  readonly name: string;
  readonly hostname?: string;
  readonly port: number;
  readonly protocol: string;
  readonly tls?: { readonly mode?: "Terminate" | "Passthrough"; readonly certificateRefs?: readonly SecretRef[] };
  readonly allowedRoutes?: {
    readonly namespaces?: {
      readonly from?: "All" | "Same" | "Selector" | "None";
      readonly selector?: LabelSelector;
    };
    readonly kinds?: readonly { readonly group?: string; readonly kind: string }[];
  };
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    readonly values?: readonly string[];
  }[];
}

export interface GatewaySpec {
  readonly gatewayClassName: string;
  readonly listeners: readonly GatewayListener[];
  readonly addresses?: readonly { readonly type?: string; readonly value?: string }[];
  readonly infrastructure?: {
    readonly parametersRef?: { readonly group: string; readonly kind: string; readonly name: string };
  };
}

export interface GatewayStatus extends ConditionedStatus {
  readonly addresses?: readonly { readonly type?: string; readonly value: string }[];
  readonly listeners?: readonly ListenerStatus[];
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

export type Gateway = KubeObject<GatewaySpec, GatewayStatus>;
export const gateways = defineResource<Gateway>({
  ...gatewayApi,
  plural: "gateways",
  kind: "Gateway",
  namespaced: true,
});

export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

export interface HeaderMatchSpec {
  readonly type?: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

export interface HeaderFilter {
  readonly set?: readonly { readonly name: string; readonly value: string }[];
  readonly add?: readonly { readonly name: string; readonly value: string }[];
  readonly remove?: readonly string[];
}

export interface PathModifier {
  readonly type: "ReplaceFullPath" | "ReplacePrefixMatch";
  readonly replaceFullPath?: string;
  readonly replacePrefixMatch?: string;
}

export interface RouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderFilter;
  readonly responseHeaderModifier?: HeaderFilter;
  readonly requestMirror?: {
    readonly backendRef: BackendRef;
    readonly percent?: number;
    readonly fraction?: { readonly numerator: number; readonly denominator?: number };
  };
  readonly requestRedirect?: {
    readonly scheme?: "http" | "https";
    readonly hostname?: string;
    readonly path?: PathModifier;
    readonly port?: number;
    readonly statusCode?: number;
  };
  readonly urlRewrite?: { readonly hostname?: string; readonly path?: PathModifier };
}

export interface WeightedBackendRef extends BackendRef {
  readonly weight?: number;
  readonly filters?: readonly RouteFilter[];
}

export interface HttpRouteMatch {
  readonly path?: { readonly type?: "Exact" | "PathPrefix" | "RegularExpression"; readonly value?: string };
  readonly headers?: readonly HeaderMatchSpec[];
  readonly queryParams?: readonly HeaderMatchSpec[];
  readonly method?: string;
}

export interface HttpRouteRule {
  readonly name?: string;
  readonly matches?: readonly HttpRouteMatch[];
  readonly filters?: readonly RouteFilter[];
  readonly backendRefs?: readonly WeightedBackendRef[];
  readonly timeouts?: { readonly request?: string; readonly backendRequest?: string };
  readonly retry?: { readonly codes?: readonly number[]; readonly attempts?: number; readonly backoff?: string };
}

export interface GrpcRouteRule extends Omit<HttpRouteRule, "matches" | "timeouts" | "retry"> {
  readonly matches?: readonly {
    readonly method?: {
      readonly type?: "Exact" | "RegularExpression";
      readonly service?: string;
      readonly method?: string;
    };
    readonly headers?: readonly HeaderMatchSpec[];
  }[];
}

export interface RouteSpec<Rule> {
  readonly parentRefs?: readonly ParentRef[];
  readonly hostnames?: readonly string[];
  readonly rules?: readonly Rule[];
}

export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName: string;
  readonly conditions?: readonly Condition[];
}

export interface RouteStatus {
  readonly parents: readonly RouteParentStatus[];
}

export type HttpRoute = KubeObject<RouteSpec<HttpRouteRule>, RouteStatus>;
export const httpRoutes = defineResource<HttpRoute>({
  ...gatewayApi,
  plural: "httproutes",
  kind: "HTTPRoute",
  namespaced: true,
});

export type GrpcRoute = KubeObject<RouteSpec<GrpcRouteRule>, RouteStatus>;
export const grpcRoutes = defineResource<GrpcRoute>({
  ...gatewayApi,
  plural: "grpcroutes",
  kind: "GRPCRoute",
  namespaced: true,
});

export type TlsRoute = KubeObject<RouteSpec<{ readonly backendRefs?: readonly WeightedBackendRef[] }>, RouteStatus>;
export const tlsRoutes = defineResource<TlsRoute>({
  ...gatewayApi,
  plural: "tlsroutes",
  kind: "TLSRoute",
  namespaced: true,
});

export type ReferenceGrant = KubeObject<{
  readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
  readonly to: readonly { readonly group: string; readonly kind: string; readonly name?: string }[];
}>;
export const referenceGrants = defineResource<ReferenceGrant>({
  ...gatewayApi,
  plural: "referencegrants",
  kind: "ReferenceGrant",
  namespaced: true,
});

export interface ServiceSpec {
  readonly type?: string;
  readonly clusterIPs?: readonly string[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly protocol?: string;
    readonly appProtocol?: string;
    /** A port of the pods, by its number or by a container's name of it; `port` where it is not said. */
    readonly targetPort?: number | string;
  }[];
  readonly trafficDistribution?: string;
}

export interface ServiceStatus {
  readonly loadBalancer?: {
    readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
  };
}

export type Service = KubeObject<ServiceSpec, ServiceStatus>;
export const services = defineResource<Service>({
  group: "",
  version: "v1",
  plural: "services",
  kind: "Service",
  namespaced: true,
});

export interface EndpointSlice extends KubeObject {
  readonly addressType: string;
  readonly ports?: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] | null;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
        readonly zone?: string;
      }[]
    | null;
}
export const endpointSlices = defineResource<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  plural: "endpointslices",
  kind: "EndpointSlice",
  namespaced: true,
});

export type Namespace = KubeObject;
export const namespaces = defineResource<Namespace>({
  group: "",
  version: "v1",
  plural: "namespaces",
  kind: "Namespace",
  namespaced: false,
});

/** Of type kubernetes.io/tls. Values in base64. */
export interface TlsSecret extends KubeObject {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}
export const secrets = defineResource<TlsSecret>({
  group: "",
  version: "v1",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
});
