import type { MeshPlatform } from "#operator/envoy/platform.ts";

/** What the operator is told about the proxies of Gateways. */
export interface GatewayPlatform extends MeshPlatform {
  /** Before the name of Envoy's image: `docker.io/nephele`. */
  readonly imageRegistry: string;
  /** Whether pods get a user namespace of their own (`hostUsers: false`). */
  readonly userNamespaces: boolean;
  /** Pods of each Gateway. */
  readonly replicas: number;
  readonly serviceType: ServiceType;
}

export const serviceTypes = ["LoadBalancer", "NodePort", "ClusterIP"] as const;
/** By which kind of Service a Gateway is reached. */
export type ServiceType = (typeof serviceTypes)[number];
