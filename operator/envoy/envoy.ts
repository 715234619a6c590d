import type { Volume, VolumeMount } from "kubernetes-types/core/v1.d.ts";
import { ADMIN_SOCKET, AGENT_FOLDER } from "./bootstrap.ts";
import type { MeshPlatform } from "./platform.ts";

/** The container that speaks for a pod: it alone is given the pod's identity (registration). */
export const PROXY_CONTAINER = "envoy";
/** The user `envoy` of the image. */
export const ENVOY_UID = 1337;

/** The tag of the image, which is Envoy's version. */
const VERSION = "1.40.0";

export function envoyImage(registry: string): string {
  return `${registry}/envoy:${VERSION}`;
}

/** Where a container is told who it is: the SPIRE agent's socket. */
export const agentMount: VolumeMount = { name: "spire-agent", mountPath: AGENT_FOLDER, readOnly: true };

/** The node's folder for it. Not made where it is missing: without an agent there is nobody to be. */
export function agentVolume({ agentFolder }: Pick<MeshPlatform, "agentFolder">): Volume {
  return { name: agentMount.name, hostPath: { path: agentFolder, type: "Directory" } };
}

/**
 * Ends the connections of an Envoy before its container stops (e2e/tools/envoy-drain, which the image has), each with its next
 * answer.
 *
 * @param leastSeconds as long as it may take until nobody sends new connections here
 * @param mostSeconds for what does not end, less than the pod's grace
 */
export function drainCommand(leastSeconds: number, mostSeconds: number): readonly string[] {
  return ["/usr/bin/envoy-drain", ADMIN_SOCKET, `${leastSeconds}s`, `${mostSeconds}s`];
}

/**
 * Envoy's arguments. The bootstrap is among them, whole: another one is another rollout, and there is no file that could be of
 * another time than the pod.
 *
 * @param workers threads that serve connections; by itself Envoy takes one for each processor of the node
 */
export function envoyArguments(bootstrap: object, workers: number): readonly string[] {
  // A name and its value are two arguments: Envoy knows no "=".
  return [
    ...["--config-yaml", JSON.stringify(bootstrap)],
    ...["--concurrency", String(workers)],
    "--disable-hot-restart",
    ...["--log-level", "warning"],
    // A changed listener tells its connections at once to close after their next answer, and cuts what is left after 5 s.
    ...["--drain-strategy", "immediate"],
    ...["--drain-time-s", "5"],
  ];
}
