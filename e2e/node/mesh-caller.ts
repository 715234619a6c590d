/** What a pod asks a service of the mesh, past any sidecar. */
export interface MeshCall {
  readonly name: string;
  readonly namespace: string;
  /** Whose identity it shows; undefined: it shows none. */
  readonly serviceAccount: string | undefined;
  /** By these NetworkPolicies let it out, and in where it calls. */
  readonly labels: Readonly<Record<string, string>>;
  readonly url: string;
  /** The SPIFFE ID that has to answer. */
  readonly peer: string;
  /** The folder of the agent's socket on the node. */
  readonly socketFolder: string;
  /** Of Nephele, which holds spiffe/. */
  readonly image: string;
}

/** Prints the status of the answer, or `refused` where the connection ends without one. */
function programOf({ url, peer, serviceAccount }: MeshCall): string {
  return `
    import { request } from "node:https";
    import { clientTls, exactly, spiffeId, X509Source } from "/app/spiffe/index.ts";
    const own = async () => {
      const source = await X509Source.open({ address: "unix:///run/spire/agent/agent.sock" }, AbortSignal.timeout(60_000));
      return clientTls(source, exactly(spiffeId(${JSON.stringify(peer)})));
    };
    const tls = ${serviceAccount === undefined ? "{ rejectUnauthorized: false }" : "await own()"};
    const say = (what) => { console.log(what); process.exit(); };
    request(${JSON.stringify(url)}, { ...tls, timeout: 20_000 }, ({ statusCode }) => say(String(statusCode)))
      .on("error", ({ message, code }) => say("refused: " + (code ?? message)))
      .on("timeout", () => say("no answer"))
      .end();
  `;
}

/** A pod of the platform that calls once. */
export function meshCaller(call: MeshCall): object {
  const { name, namespace, serviceAccount, labels, socketFolder, image } = call;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
      automountServiceAccountToken: false,
      restartPolicy: "Never",
      hostUsers: false,
      terminationGracePeriodSeconds: 1,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          // Which container of a pod has its identity.
          name: "envoy",
          image,
          imagePullPolicy: "IfNotPresent",
          args: ["--input-type=module", "--eval", programOf(call)],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "agent", mountPath: "/run/spire/agent", readOnly: true }],
        },
      ],
      volumes: [{ name: "agent", hostPath: { path: socketFolder, type: "Directory" } }],
    },
  };
}
