import type { NodeHandle } from "./handle.ts";

/** The name of a pod is its containers' host name, and stands in their environment. */
const KILL = `PATH=/usr/bin:/bin
for process in /proc/[0-9]*; do
  tr '\\0' '\\n' < "$process/environ" 2>/dev/null | grep -qx "HOSTNAME=$1" || continue
  [ "$(cat "$process/comm")" = "$2" ] && kill -9 "\${process#/proc/}" && echo killed
done
true`;

/**
 * Ends a program in a pod by SIGKILL, from the node: what it was doing is cut. A pod that is deleted by force is not killed so: its
 * kubelet still lets it end. Throws where there is no such process.
 */
export async function killInPod(node: NodeHandle, pod: string, program: string): Promise<void> {
  const said = await node.inside("/bin/sh", "-c", KILL, "sh", pod, program);
  if (!said.includes("killed")) throw new Error(`no process ${program} runs in the pod ${pod}`);
}
