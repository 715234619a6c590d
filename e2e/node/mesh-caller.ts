import { PROXY_CONTAINER } from "#operator/envoy/envoy.ts";
import { AGENT_ADDRESS, type AgentPod, agentPod } from "./agent-pod.ts";

/** What a pod asks a service of the mesh, past any sidecar. Without a ServiceAccount it shows no identity. */
export interface MeshCall extends AgentPod {
  /** By these NetworkPolicies let it out, and in where it calls. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of the scheme https, or postgresql. */
  readonly url: string;
  /** The SPIFFE ID that has to answer. */
  readonly peer: string;
}

/** Prints the status of the answer, or `refused` where the connection ends without one. */
const HTTP = `
  request(url, { ...tls, timeout: 20_000 }, ({ statusCode }) => say(String(statusCode)))
    .on("error", ({ message, code }) => say("refused: " + (code ?? message)))
    .on("timeout", () => say("no answer"))
    .end();
`;

/** Asks for TLS inside, as libpq does: PostgreSQL on a socket answers `N`. */
const POSTGRESQL = `
  const { hostname: host, port } = new URL(url);
  connect({ host, port: Number(port), ...tls, timeout: 20_000 })
    .once("secureConnect", function () { this.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])); })
    .once("data", (first) => say(String(first)))
    .on("error", ({ message, code }) => say("refused: " + (code ?? message)))
    .on("close", () => say("refused: closed"))
    .on("timeout", () => say("no answer"));
`;

function programOf({ url, peer, serviceAccount }: MeshCall): string {
  return `
    import { request } from "node:https";
    import { connect } from "node:tls";
    import { clientTls, exactly, spiffeId, X509Source } from "/app/spiffe/index.ts";
    const own = async () => {
      const source = await X509Source.open({ address: "${AGENT_ADDRESS}" }, AbortSignal.timeout(60_000));
      return clientTls(source, exactly(spiffeId(${JSON.stringify(peer)})));
    };
    const tls = ${serviceAccount === undefined ? "{ rejectUnauthorized: false }" : "await own()"};
    const say = (what) => { console.log(what); process.exit(); };
    const url = ${JSON.stringify(url)};
    ${url.startsWith("postgresql:") ? POSTGRESQL : HTTP}
  `;
}

/** A pod of the platform that calls once. */
export function meshCaller(call: MeshCall): object {
  return agentPod(call, { [PROXY_CONTAINER]: programOf(call) }, { labels: call.labels, restartPolicy: "Never" });
}
