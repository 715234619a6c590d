import { AGENT_ADDRESS, type AgentPod, agentPod } from "./agent-pod.ts";
import type { NodeHandle } from "./handle.ts";

/** What one container of the probe was last given, or why it was given nothing. */
export interface Seen {
  readonly id?: string;
  /** PEM: the leaf, then what signed it. */
  readonly chain?: readonly string[];
  /** PEM: what peers are believed by. */
  readonly roots?: readonly string[];
  readonly problem?: string;
}

/** What asks for an identity by spiffe/ as each workload does, and prints what is given that may be seen. */
const PROGRAM = `
import { X509Source } from "/app/spiffe/index.ts";
const say = (seen) => console.log(JSON.stringify(seen));
const onProblem = ({ message }) => say({ problem: message });
const source = await X509Source.open({ address: "${AGENT_ADDRESS}", onProblem });
const tell = () => {
  const { id, chain } = source.svid;
  say({ id, chain: chain.map(String), roots: [...source.bundles.values()].flat().map(String) });
};
source.onChange(tell);
tell();
`;

export interface ProbeOptions extends AgentPod {
  readonly containers: readonly string[];
}

/** A pod of the platform whose containers each ask the node's agent who they are. */
export function identityProbe({ containers, ...pod }: ProbeOptions): object {
  return agentPod(pod, Object.fromEntries(containers.map((container) => [container, PROGRAM])));
}

/** All that a container has seen, in order. */
export async function seenBy(
  { run }: NodeHandle,
  { namespace, name }: Pick<ProbeOptions, "namespace" | "name">,
  container: string,
): Promise<readonly Seen[]> {
  const text = await run("logs", name, `--namespace=${namespace}`, `--container=${container}`);
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Seen);
}
