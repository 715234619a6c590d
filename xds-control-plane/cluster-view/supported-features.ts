/**
 * What of Gateway API is supported, by the names of its features (pkg/features of sigs.k8s.io/gateway-api), sorted as
 * GatewayClass.status wants it.
 */
export const supportedFeatures: readonly string[] = ["GRPCRoute", "Gateway", "HTTPRoute", "ReferenceGrant", "TLSRoute"];
