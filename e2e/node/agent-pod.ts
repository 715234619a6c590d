import type { PodSpec } from "kubernetes-types/core/v1.d.ts";
import { CONFINED } from "#operator/cloud/children/pod-parts.ts";
import { AGENT_SOCKET } from "#operator/envoy/bootstrap.ts";
import { agentMount, agentVolume } from "#operator/envoy/envoy.ts";

/** By which a program of the pod reaches the agent, as spiffe/ takes it. */
export const AGENT_ADDRESS = `unix://${AGENT_SOCKET}`;

/** What its programs have in common, whatever they ask. */
export interface AgentPod {
  readonly name: string;
  readonly namespace: string;
  /** Whose identity it has; undefined: its namespace's own, for which nobody is entered. */
  readonly serviceAccount: string | undefined;
  /** The folder of the agent's socket on the node. */
  readonly socketFolder: string;
  /** Of Nephele, which holds spiffe/. */
  readonly image: string;
}

/**
 * A pod of the platform with the socket of its node's SPIRE agent.
 *
 * @param programs of Node, by the name of their container, which decides about its identity
 */
export function agentPod(
  { name, namespace, serviceAccount, socketFolder, image }: AgentPod,
  programs: Readonly<Record<string, string>>,
  { labels, ...more }: Pick<PodSpec, "restartPolicy"> & { readonly labels?: Readonly<Record<string, string>> } = {},
): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) },
    spec: {
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      automountServiceAccountToken: false,
      hostUsers: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: Object.entries(programs).map(([container, program]) => ({
        name: container,
        image,
        imagePullPolicy: "IfNotPresent",
        args: ["--input-type=module", "--eval", program],
        securityContext: CONFINED,
        volumeMounts: [agentMount],
      })),
      volumes: [agentVolume({ agentFolder: socketFolder })],
      ...more,
    },
  };
}
