import type { RequestOptions } from "node:https";
import { Agent } from "undici";

/** A kept connection is closed by us first: the API server does it after 90 s, in the middle of a request if it must be. */
const IDLE_MS = 60_000;
/** Credentials are read anew this often: tokens in files and exec plugins' certificates are rotated under us. */
const CREDENTIALS_LIFE_MS = 60_000;

/** How to reach one API server: kept connections with the right TLS, and the headers that say who we are. */
export interface Connection {
  readonly server: string;
  current(): Promise<{ readonly dispatcher: Agent; readonly headers: Readonly<Record<string, string | string[]>> }>;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  /** A kubeconfig's path. Default: KUBECONFIG, the home folder's, or the pod's service account, as kubectl does. */
  readonly kubeconfig?: string;
  /** Act as another user (`Impersonate-User`); for tests of what that user may do. */
  readonly impersonate?: { readonly user: string; readonly groups?: readonly string[] };
}

/**
 * Opens the API server that the kubeconfig names. Reading and authentication (client certificates, tokens, exec
 * plugins, OIDC, in-cluster) are client-node's; the connections are undici's.
 * @throws Error when the kubeconfig cannot be read or names no cluster.
 */
export async function connect(options: ConnectionOptions = {}): Promise<Connection> {
  // Imported when needed: it costs a third of a second, and programs that only use types never pay it.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(options.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error("the kubeconfig names no current cluster: set current-context, or KUBECONFIG to another file");
  }
  let held: { readonly tls: string; readonly agent: Agent } | undefined;
  let fresh: { readonly until: number; readonly value: Awaited<ReturnType<Connection["current"]>> } | undefined;

  const current: Connection["current"] = async () => {
    if (fresh !== undefined && fresh.until > Date.now()) return fresh.value;
    const applied: RequestOptions = {};
    await config.applyToHTTPSOptions(applied);
    const { ca, cert, key, servername, rejectUnauthorized } = applied;
    const tls = JSON.stringify([ca, cert, key, servername, rejectUnauthorized]);
    if (held?.tls !== tls) {
      const before = held?.agent;
      held = {
        tls,
        agent: new Agent({
          // As many connections as there are requests under way, since each watch holds one for itself. HTTP/1.1 must
          // be asked for (docs/adr/0023): undici would take HTTP/2, which costs half as much again for a small request.
          allowH2: false,
          keepAliveTimeout: IDLE_MS,
          // A watch is silent for as long as nothing happens; each request brings its own deadline instead.
          bodyTimeout: 0,
          headersTimeout: 0,
          connect: {
            timeout: 5_000,
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key }),
            ...(servername === undefined ? {} : { servername }),
            ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
          },
        }),
      };
      // Requests under way on the old connections end in peace.
      void before?.close();
    }
    const headers: Record<string, string | string[]> = {};
    for (const [name, value] of Object.entries(applied.headers ?? {})) headers[name] = String(value);
    if (typeof applied.auth === "string")
      headers["Authorization"] = `Basic ${Buffer.from(applied.auth).toString("base64")}`;
    if (options.impersonate !== undefined) {
      headers["Impersonate-User"] = options.impersonate.user;
      const groups = options.impersonate.groups ?? [];
      if (groups.length > 0) headers["Impersonate-Group"] = [...groups];
    }
    const value = { dispatcher: held.agent, headers };
    fresh = { until: Date.now() + CREDENTIALS_LIFE_MS, value };
    return value;
  };

  return {
    server: cluster.server.replace(/\/$/, ""),
    current,
    close: async () => {
      await held?.agent.destroy();
    },
  };
}
