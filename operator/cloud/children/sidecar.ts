import type { Container, PodSpec, Volume } from "kubernetes-types/core/v1.d.ts";
import { serviceHost } from "#operator/clients/cloud-connection.ts";
import { bootstrapOf, HEALTH_PORT, LIVE_PATH, RUN_FOLDER } from "#operator/envoy/bootstrap.ts";
import {
  agentMount,
  agentVolume,
  drainCommand,
  ENVOY_UID,
  envoyArguments,
  envoyImage,
  PROXY_CONTAINER,
} from "#operator/envoy/envoy.ts";
import type { CloudDeployment } from "../deployment.ts";
import { knownAs } from "./accounts.ts";
import { calledThroughMesh, isInMesh, MESH_PORT, partsWithSidecar, SOCKET_FOLDER } from "./mesh.ts";
import type { Part } from "./metadata.ts";
import { CONFINED, emptyDir } from "./pod-parts.ts";
import { memberHosts } from "./postgresql-members.ts";

/** What is open on a sidecar may last so long once its pod is to stop, seconds: as long as Keystone and Barbican go on answering. */
const DRAIN_SECONDS = 5;
/**
 * Kubelet does it when the pod is to stop, beside what the service does: Keystone and Barbican still answer (web-service.ts), and
 * who has a connection here takes another. memcached ends at once; what it held is computed again. PostgreSQL ends its connections
 * itself, the standbys' last, and its members go on asking each other until then; the sidecar ends after it.
 */
const DRAINED: readonly Part[] = ["keystone", "barbican", "memcached"];

/** Where a service's socket for its sidecar is, in both containers. */
export const socketMount = { name: "mesh", mountPath: SOCKET_FOLDER } as const;

interface Sidecar {
  readonly initContainers: Container[];
  readonly volumes: readonly Volume[];
  readonly hostAliases?: NonNullable<PodSpec["hostAliases"]>;
}

/**
 * The Envoy of a pod. It starts before the rest of the pod, which waits until it has its identity and its configuration, and ends
 * after it (a sidecar container of Kubernetes, KEP-753). What the pod calls in the mesh it finds under its usual name on loopback,
 * where the sidecar takes it on: without one there is nobody, and nothing is sent past it. Undefined where the part has none.
 */
export function sidecarOf(deployment: CloudDeployment, part: Part): Sidecar | undefined {
  const { cloud, platform } = deployment;
  const { sidecars } = platform;
  if (sidecars === undefined || !partsWithSidecar(deployment).includes(part)) return undefined;
  const namespace = cloud.metadata.namespace ?? "";
  const serviceAccount = knownAs(deployment, part);
  const proxyClass = `workload/${namespace}/${serviceAccount}`;
  const bootstrap = bootstrapOf({ proxyClass, namespace, serviceAccount }, sidecars);
  const called = calledThroughMesh(deployment, part).map((each) => serviceHost(cloud, each));
  const hostnames = part === "postgresql" ? [...called, ...memberHosts(deployment)] : called;
  const isCalled = isInMesh(deployment, part);
  const live = { httpGet: { path: LIVE_PATH, port: HEALTH_PORT } };
  return {
    initContainers: [
      {
        name: PROXY_CONTAINER,
        image: envoyImage(platform.imageRegistry),
        imagePullPolicy: "IfNotPresent",
        restartPolicy: "Always",
        args: [...envoyArguments(bootstrap, 1)],
        ...(isCalled ? { ports: [{ name: "mesh", containerPort: MESH_PORT }] } : {}),
        // However long SPIRE and the control plane take: the container is only started again meanwhile.
        startupProbe: { ...live, periodSeconds: 1, failureThreshold: 120 },
        livenessProbe: { ...live, periodSeconds: 10, timeoutSeconds: 5 },
        ...(DRAINED.includes(part)
          ? { lifecycle: { preStop: { exec: { command: [...drainCommand(0, DRAIN_SECONDS)] } } } }
          : {}),
        resources: { requests: { cpu: "20m", memory: "96Mi" }, limits: { memory: "256Mi" } },
        // The pod's group opens the service's socket to it; its user has nothing else there.
        securityContext: { ...CONFINED, runAsUser: ENVOY_UID, runAsGroup: ENVOY_UID },
        volumeMounts: [...(isCalled ? [socketMount] : []), { name: "envoy", mountPath: RUN_FOLDER }, agentMount],
      },
    ],
    volumes: [...(isCalled ? [emptyDir(socketMount.name)] : []), emptyDir("envoy"), agentVolume(sidecars)],
    ...(hostnames.length > 0 ? { hostAliases: [{ ip: "127.0.0.1", hostnames }] } : {}),
  };
}
