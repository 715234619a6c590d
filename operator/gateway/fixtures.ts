import type { Gateway, GatewaySpec } from "#operator/api/gateway-api.ts";
import type { GatewayPlatform } from "./platform.ts";

export function aGateway(spec: Partial<GatewaySpec> = {}, metadata: Partial<Gateway["metadata"]> = {}): Gateway {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "gateway-uid",
      resourceVersion: "1",
      creationTimestamp: "2026-11-26T08:00:00Z",
      ...metadata,
    },
    spec: {
      gatewayClassName: "nephele",
      listeners: [
        { name: "http", port: 80, protocol: "HTTP" },
        { name: "https", port: 443, protocol: "HTTPS" },
      ],
      ...spec,
    },
  };
}

export function aPlatform(more: Partial<GatewayPlatform> = {}): GatewayPlatform {
  return {
    imageRegistry: "docker.io/nephele",
    userNamespaces: true,
    trustDomain: "cloud.test",
    xds: { host: "nephele-xds.nephele-system.svc", port: 18000, namespace: "nephele-system" },
    agentFolder: "/run/nephele/spire-agent",
    replicas: 2,
    serviceType: "LoadBalancer",
    ...more,
  };
}
