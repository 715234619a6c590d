import type { Node, VirtualMachineInstance } from "#operator/api/foreign.ts";
import { isLive } from "./observed.ts";

/** Reason of a Server's condition Ready. */
export const NODE_LOST = "NodeLost";

/** How an administrator says that a node is off for good (Kubernetes' non-graceful node shutdown). */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

/** A node that Kubernetes has not heard of: whether what runs there still runs, nobody knows. */
export interface LostNode {
  readonly name: string;
  /** When Kubernetes gave up hearing of it (RFC 3339); its last word was some 50 s before. */
  readonly since: string;
  /** An administrator has said that it is off: Kubernetes lets go of what ran there. */
  readonly outOfService: boolean;
}

/**
 * Whether a node is lost. One that says itself that it is not ready (`False`) is not: what runs there is known. The node's
 * controller says `Unknown`.
 */
export function lostNode(node: Node | undefined): LostNode | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready");
  if (node === undefined || ready?.status !== "Unknown") return undefined;
  return {
    name: node.metadata.name,
    since: ready.lastTransitionTime ?? ready.lastHeartbeatTime ?? "some time ago",
    outOfService: node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true,
  };
}

/** A node names all images that it holds, and more: the cache keeps what {@link lostNode} looks at. */
export function whatIsReadOfNode({ spec, status, ...node }: Node): Node {
  const conditions = status?.conditions?.filter(({ type }) => type === "Ready") ?? [];
  return { ...node, spec: { taints: spec?.taints ?? [] }, status: { conditions } };
}

/** The node of a guest that has not ended. */
export function nodeOf(instance: VirtualMachineInstance | undefined): string | undefined {
  return isLive(instance) ? instance?.status?.nodeName : undefined;
}

/** What is waited for, and what a person does. */
export function lostText({ name, since, outOfService }: LostNode): string {
  const lost = `node ${name}, which Kubernetes has not heard of since ${since}`;
  if (outOfService) return `Kubernetes to give up the guest on ${lost}, and which is said to be out of service`;
  return (
    `${lost}, to come back: whether the guest runs, nobody knows, so it is started nowhere else. ` +
    `If the node is certain to be off: kubectl taint node ${name} ${OUT_OF_SERVICE}=nodeshutdown:NoExecute`
  );
}
