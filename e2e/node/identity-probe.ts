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

/** What asks for an identity by spiffe/ as any workload does, and prints what is given that may be seen. */
const PROGRAM = `
import { X509Source } from "/app/spiffe/index.ts";
const say = (seen) => console.log(JSON.stringify(seen));
const onProblem = ({ message }) => say({ problem: message });
const source = await X509Source.open({ address: "unix:///run/spire/agent/agent.sock", onProblem });
const tell = () => {
  const { id, chain } = source.svid;
  say({ id, chain: chain.map(String), roots: [...source.bundles.values()].flat().map(String) });
};
source.onChange(tell);
tell();
`;

export interface ProbeOptions {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly containers: readonly string[];
  /** The folder of the agent's socket on the node. */
  readonly socketFolder: string;
  /** Of Nephele, which holds spiffe/. */
  readonly image: string;
}

/** A pod of the platform whose containers each ask the node's agent who they are. */
export function identityProbe(options: ProbeOptions): object {
  const { name, namespace, serviceAccount, containers, socketFolder, image } = options;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      serviceAccountName: serviceAccount,
      automountServiceAccountToken: false,
      hostUsers: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: containers.map((container) => ({
        name: container,
        image,
        imagePullPolicy: "IfNotPresent",
        args: ["--input-type=module", "--eval", PROGRAM],
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "agent", mountPath: "/run/spire/agent", readOnly: true }],
      })),
      volumes: [{ name: "agent", hostPath: { path: socketFolder, type: "Directory" } }],
    },
  };
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
