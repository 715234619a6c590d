import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Socket } from "node:net";

/** What a backend saw of a request. */
export interface Echo {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly protocol: string;
  readonly headers: IncomingHttpHeaders;
}

/** An HTTP server that answers each request with what it saw of it. */
export interface EchoBackend {
  readonly name: string;
  readonly port: number;
  /** The requests that came, in their order. */
  readonly seen: readonly Echo[];
  close(): Promise<void>;
}

export interface EchoOptions {
  /** The address to listen on; loopback where it is not given. */
  readonly host?: string;
  /** A unix socket to listen on instead. Its port is 0. */
  readonly path?: string;
  /** HTTP/2 with prior knowledge instead of HTTP/1.1. */
  readonly http2?: boolean;
  /** The status of an answer, 200 where it is not given; `never` leaves a request without one. */
  readonly status?: (request: Echo) => number | "never";
}

export async function startEcho(
  name: string,
  { host = "127.0.0.1", path, http2 = false, status }: EchoOptions = {},
): Promise<EchoBackend> {
  const seen: Echo[] = [];
  const sockets = new Set<Socket>();
  const of = (request: Pick<IncomingMessage, "method" | "url" | "httpVersion" | "headers">): Echo => ({
    backend: name,
    method: request.method ?? "",
    path: request.url ?? "",
    protocol: `HTTP/${request.httpVersion}`,
    headers: request.headers,
  });
  const answer = (
    request: IncomingMessage,
    response: { writeHead(status: number, headers: Record<string, string>): unknown; end(text: string): unknown },
  ): void => {
    const echo = of(request);
    seen.push(echo);
    const code = status?.(echo) ?? 200;
    if (code === "never") return;
    request.resume();
    request.once("end", () => {
      response.writeHead(code, { "content-type": "application/json", "x-backend": name });
      response.end(JSON.stringify(echo));
    });
  };
  const server = http2
    ? createHttp2Server((request, response) => answer(request as unknown as IncomingMessage, response))
    : createServer((request, response) => answer(request, response));
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(path === undefined ? { port: 0, host } : { path }, () => listening.resolve());
  await listening.promise;
  return {
    name,
    port: path === undefined ? (server.address() as AddressInfo).port : 0,
    seen,
    close: () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      for (const socket of sockets) socket.destroy();
      return closed.promise;
    },
  };
}
