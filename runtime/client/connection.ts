import { Agent } from "undici";
import { credentialSource } from "./credentials.ts";

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
 * Opens the API server that the kubeconfig names, with its credentials. The connections are undici's.
 * @throws Error when the kubeconfig cannot be read or names no cluster.
 */
export async function connect(options: ConnectionOptions = {}): Promise<Connection> {
  const source = await credentialSource(options.kubeconfig);
  let held: { readonly tls: string; readonly agent: Agent } | undefined;
  let fresh: { readonly until: number; readonly value: Awaited<ReturnType<Connection["current"]>> } | undefined;

  const current: Connection["current"] = async () => {
    if (fresh !== undefined && fresh.until > Date.now()) return fresh.value;
    const credentials = await source.read();
    const tls = JSON.stringify(credentials.tls);
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
          connect: { timeout: 5_000, ...credentials.tls },
        }),
      };
      // Requests under way on the old connections end in peace.
      void before?.close();
    }
    const headers: Record<string, string | string[]> = { ...credentials.headers };
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
    server: source.server.replace(/\/$/, ""),
    current,
    close: async () => {
      await held?.agent.destroy();
    },
  };
}
