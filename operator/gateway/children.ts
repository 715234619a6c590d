import type { DeploymentSpec } from "kubernetes-types/apps/v1.d.ts";
import type { PodSpec, ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicySpec } from "kubernetes-types/networking/v1.d.ts";
import type { PodDisruptionBudgetSpec } from "kubernetes-types/policy/v1.d.ts";
import { childName, type Gateway } from "#operator/api/gateway-api.ts";
import { bootstrapOf, HEALTH_PORT, LIVE_PATH, READY_PATH, RUN_FOLDER } from "#operator/envoy/bootstrap.ts";
import {
  agentMount,
  agentVolume,
  drainCommand,
  ENVOY_UID,
  envoyArguments,
  envoyImage,
  PROXY_CONTAINER,
} from "#operator/envoy/envoy.ts";
import type { Desired } from "#runtime/api/object.ts";
import { infrastructureOf } from "./infrastructure.ts";
import { child, labelsOf, proxyOf, selectorOf } from "./names.ts";
import type { GatewayPlatform } from "./platform.ts";
import { portsOf } from "./ports.ts";

/** Threads that serve connections. */
const WORKERS = 2;
/** A pod that stops takes connections for so long, seconds: kube-proxies and load balancers hear late that it does. */
const LEAVE_AFTER = 5;
/** And what is open on it may last so long, seconds. */
const LEAVE_WITHIN = 30;

/** What runs a Gateway's proxies, in the order in which it is to be made: who they are before they are there. Pure. */
export function childrenOf(gateway: Gateway, platform: GatewayPlatform): readonly Desired[] {
  return [
    serviceAccount(gateway),
    networkPolicy(gateway),
    service(gateway, platform),
    disruptionBudget(gateway),
    deployment(gateway, platform),
  ];
}

/** Nothing is granted to it: it is a name. */
export function serviceAccount(gateway: Gateway): Desired {
  return child(gateway, "v1", "ServiceAccount", { automountServiceAccountToken: false });
}

function service(gateway: Gateway, { serviceType }: GatewayPlatform): Desired {
  const spec: ServiceSpec = {
    type: serviceType,
    // Else a node puts its own address in place of the caller's, and limits by address count everybody together. Load balancers
    // ask which nodes have proxies; who comes to a port of any node does not.
    ...(serviceType === "LoadBalancer" ? { externalTrafficPolicy: "Local" } : {}),
    selector: { ...selectorOf(gateway) },
    ports: portsOf(gateway).map((port) => ({ name: `port-${port}`, port, targetPort: port, protocol: "TCP" })),
  };
  return child(gateway, "v1", "Service", { spec });
}

/** Lets a drain of nodes take one pod at a time. Of a single pod it holds nothing back. */
function disruptionBudget(gateway: Gateway): Desired {
  const spec: PodDisruptionBudgetSpec = { maxUnavailable: 1, selector: { matchLabels: { ...selectorOf(gateway) } } };
  return child(gateway, "policy/v1", "PodDisruptionBudget", { spec });
}

/**
 * Everybody may come to the listeners. It calls names, the control plane and backends. Whose these are routes say, and who writes
 * routes; so it is any pod, and neither the API server nor what is outside the cluster, a cloud's metadata among it.
 */
function networkPolicy(gateway: Gateway): Desired {
  const spec: NetworkPolicySpec = {
    podSelector: { matchLabels: { ...selectorOf(gateway) } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ ports: portsOf(gateway).map((port) => ({ protocol: "TCP", port })) }],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
      { to: [{ namespaceSelector: {} }], ports: [{ protocol: "TCP", port: 1, endPort: 65_535 }] },
    ],
  };
  return child(gateway, "networking.k8s.io/v1", "NetworkPolicy", { spec });
}

function deployment(gateway: Gateway, platform: GatewayPlatform): Desired {
  const spec: DeploymentSpec = {
    replicas: platform.replicas,
    // Who is there goes when another is ready.
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    selector: { matchLabels: { ...selectorOf(gateway) } },
    template: {
      metadata: {
        labels: { ...labelsOf(gateway) },
        annotations: { ...infrastructureOf(gateway).annotations },
      },
      spec: pod(gateway, platform),
    },
  };
  return child(gateway, "apps/v1", "Deployment", { spec });
}

/** Of the Pod Security level "restricted" but for one thing: the SPIRE agent's socket is a path of the node. */
function pod(gateway: Gateway, platform: GatewayPlatform): PodSpec {
  const probe = (path: string) => ({ httpGet: { path, port: "health" } });
  return {
    serviceAccountName: childName(gateway.metadata.name),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(platform.userNamespaces ? { hostUsers: false } : {}),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: ENVOY_UID,
      runAsGroup: ENVOY_UID,
      fsGroup: ENVOY_UID,
      seccompProfile: { type: "RuntimeDefault" },
      // Listeners have the ports that the Gateway says, 80 and 443 among them, and Envoy is not root.
      sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: { ...selectorOf(gateway) } },
      },
    ],
    terminationGracePeriodSeconds: LEAVE_WITHIN + 5,
    containers: [
      {
        name: PROXY_CONTAINER,
        image: envoyImage(platform.imageRegistry),
        imagePullPolicy: "IfNotPresent",
        args: [...envoyArguments(bootstrapOf(proxyOf(gateway), platform), WORKERS)],
        ports: [{ name: "health", containerPort: HEALTH_PORT }],
        // It answers when its first configuration is there, for which it waits as long as the control plane is away.
        startupProbe: { ...probe(LIVE_PATH), periodSeconds: 1, failureThreshold: 600 },
        livenessProbe: { ...probe(LIVE_PATH), periodSeconds: 10, timeoutSeconds: 5 },
        readinessProbe: { ...probe(READY_PATH), periodSeconds: 1, timeoutSeconds: 5 },
        lifecycle: { preStop: { exec: { command: [...drainCommand(LEAVE_AFTER, LEAVE_WITHIN)] } } },
        resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "1Gi" } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "run", mountPath: RUN_FOLDER }, agentMount],
      },
    ],
    volumes: [{ name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } }, agentVolume(platform)],
  };
}
