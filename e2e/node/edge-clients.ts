import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { systemNamespace } from "../cluster/nephele-objects.ts";
import { ensurePythonEnvironment } from "../cluster/openstack/python-environment.ts";
import { run, type Said } from "../harness/run.ts";
import type { NodeHandle } from "./handle.ts";
import { askRaw } from "./raw-request.ts";

/** Another try follows a connection that was refused or reset, as HTTP clients do it: how often, and how long after the first time. */
const RETRIES = 8;
const RETRY_AFTER_MS = 100;
const CONNECTION_LOST = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "UND_ERR_SOCKET"]);

export interface EdgeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface EdgeRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Who comes to a Cloud's edge from this machine, which is in no network of the cluster's, by TLS and the edge's name. */
export interface EdgeClients {
  /** The stock client of OpenStack, with what it is told by its environment; it believes `authority`, a file, alone. */
  openstack(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Said>;
  /** One request, its path as it is written; a connection that is lost is tried again. */
  ask(path: string, what?: EdgeRequest): Promise<EdgeAnswer>;
  /** How many connections were lost and tried again. */
  retried(): number;
  close(): Promise<void>;
}

/**
 * The stock client is told of an HTTP proxy on loopback, as in many a house: it gives connections for the edge's name to the Service of
 * the Gateway's proxies, and no others. TLS is the client's own, end to end.
 */
export async function openEdgeClients(
  node: NodeHandle,
  {
    gateway,
    hostname,
    authority,
  }: { readonly gateway: string; readonly hostname: string; readonly authority: KeyFile },
): Promise<EdgeClients> {
  const service = [`service/${gateway}-gateway`, "-n", systemNamespace, "-o", "jsonpath={.spec.clusterIP}"];
  const way = await node.reach(`${(await node.run("get", ...service)).trim()}:443`);
  const proxy = createServer().on("connect", ({ url }, socket, head) => {
    if (url !== `${hostname}:443`) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const upstream = connect(way.port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const agent = new Agent({ connect: { ca: authority.certificate, servername: hostname } });
  const python = await ensurePythonEnvironment();
  let retried = 0;
  const once = async (path: string, { method = "GET", headers = {}, body }: EdgeRequest): Promise<EdgeAnswer> => {
    const answer = await askRaw(agent, {
      ...{ origin: `https://127.0.0.1:${way.port}`, path, method, headers: { host: hostname, ...headers } },
      ...(body === undefined ? {} : { body }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  return {
    openstack: (env, ...args) =>
      run(python.bin("openstack"), args, {
        env: { HTTPS_PROXY: proxyUrl, OS_CACERT: authority.certificateFile, OS_IDENTITY_API_VERSION: "3", ...env },
      }),
    ask: async (path, what = {}) => {
      for (let tries = 0; ; tries += 1) {
        try {
          return await once(path, what);
        } catch (error) {
          if (tries === RETRIES || !isLost(error)) throw error;
          retried += 1;
          await sleep(RETRY_AFTER_MS * 2 ** tries);
        }
      }
    },
    retried: () => retried,
    close: async () => {
      way.close();
      proxy.close();
      proxy.closeAllConnections();
      await agent.close();
    },
  };
}

interface KeyFile {
  readonly certificate: string;
  readonly certificateFile: string;
}

function isLost(error: unknown): boolean {
  return error instanceof Error && CONNECTION_LOST.has((error as NodeJS.ErrnoException).code ?? "");
}
