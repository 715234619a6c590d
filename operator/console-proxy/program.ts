import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { remoteConsoles } from "#operator/api/resources.ts";
import { keyOf, keyText } from "#runtime/api/object.ts";
import { createClient } from "#runtime/client/client.ts";
import type { Connection } from "#runtime/client/connection.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { serveHealth } from "#runtime/manager/health.ts";
import { logWatches } from "#runtime/manager/watch-log.ts";
import type { Logger } from "#runtime/observe/log.ts";
import { createMetrics } from "#runtime/observe/metrics.ts";
import { Informers } from "#runtime/watch/informers.ts";
import { Changes } from "./changes.ts";
import type { Flags } from "./flags.ts";
import { serveConsole } from "./serve-console.ts";
import { Sessions } from "./sessions.ts";
import { USER_AGENT } from "./tunnel.ts";
import { whatCounts } from "./what-counts.ts";

export interface ProgramOptions extends Pick<Flags, "listen" | "health" | "allowedOrigins"> {
  readonly connection: Connection;
  readonly log: Logger;
}

export interface RunningProgram {
  readonly port: number;
  readonly healthPort: number;
  /** Resolves when all has ended after the signal. */
  readonly ended: Promise<void>;
}

/**
 * Serves consoles to who has a URL that was issued. Replicas are alike: a URL is used by a write to its object, which only one
 * of them can make.
 */
export async function startProgram(options: ProgramOptions, signal: AbortSignal): Promise<RunningProgram> {
  const { connection, log, listen, allowedOrigins } = options;
  const metrics = createMetrics({ processMetrics: true });
  const transport = createTransport(connection, {
    userAgent: USER_AGENT,
    observe: (seen) => metrics.observeRequest(seen),
  });
  const informers = new Informers(transport, logWatches(log, metrics));
  const kube = createClient(transport, (resource, object) => informers.absorb(resource, object));
  const [sessions, changes] = [new Sessions(), new Changes()];
  informers.need(remoteConsoles, { keep: whatCounts });
  informers.onChange(remoteConsoles, ({ before, after }) => {
    const object = after ?? before;
    if (object === undefined) return;
    const key = keyText(keyOf(object));
    sessions.review(key, informers.get(remoteConsoles, keyOf(object)));
    changes.tell(key);
  });
  const health = await serveHealth({
    ...options.health,
    metrics,
    notReady: () =>
      informers.unsynced().length === 0
        ? undefined
        : `waiting for the first list of ${informers.unsynced().join(", ")}`,
    beforeMetrics: () => {
      for (const [resource, age] of informers.ages(Date.now())) metrics.watchAge.set({ resource }, age);
      for (const [resource, size] of informers.sizes()) metrics.cacheObjects.set({ resource }, size);
    },
  });
  informers.start(signal);
  const server = createServer((_request, response) => {
    const text = "consoles are WebSockets: connect with a client for these\n";
    response.writeHead(426, { "content-type": "text/plain; charset=utf-8", upgrade: "websocket" }).end(text);
  });
  const consoles = {
    connection,
    kube,
    waiting: new Set<Duplex>(),
    opening: new Set<Duplex>(),
    cache: informers,
    sessions,
    changes,
    allowedOrigins,
    log,
    stop: signal,
  };
  // All, for the end: of one that asked for an upgrade http's server knows nothing any more, but waits for it to close.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    serveConsole(consoles, request, socket, head).catch((error: unknown) => {
      log.error({ err: error }, "a connection failed");
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log.info({ port, healthPort: health.port }, "serving");
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })).then(
    async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await Promise.all([closed, informers.stopped()]);
      await health.close();
    },
  );
  return { port, healthPort: health.port, ended };
}
