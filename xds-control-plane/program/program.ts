import { hostname } from "node:os";
import { ServerCredentials } from "@grpc/grpc-js";
import { apiVersionOf } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import type { Connection } from "#runtime/client/connection.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { serveHealth } from "#runtime/manager/health.ts";
import { logWatches } from "#runtime/manager/watch-log.ts";
import type { Logger } from "#runtime/observe/log.ts";
import { createMetrics } from "#runtime/observe/metrics.ts";
import { Informers } from "#runtime/watch/informers.ts";
import { trustDomainOf } from "#spiffe/spiffe-id.ts";
import { identityProblem } from "#spiffe/tls/identity.ts";
import type { X509Source } from "#spiffe/x509-source.ts";
import type { GatewayProxies } from "../cluster-view/gateway-proxies.ts";
import { type View, viewOf } from "../cluster-view/view.ts";
import { spiffeIdOf } from "../server/client.ts";
import { metricsObserver } from "../server/metrics.ts";
import { XdsServer } from "../server/xds-server.ts";
import { Admission } from "./admission.ts";
import { watchCluster } from "./cluster-watch.ts";
import { serveDebug } from "./debug.ts";
import { type Door, openDoor } from "./door.ts";
import type { Listen } from "./flags.ts";
import { Publisher } from "./publisher.ts";
import { Rejections } from "./rejections.ts";
import { StatusSayer } from "./status-sayer.ts";
import { statusWrites } from "./statuses.ts";

export interface ProgramOptions {
  readonly connection: Connection;
  readonly log: Logger;
  /** Where proxies connect to, in clear text on this machine or by SVIDs; see the flags. */
  readonly listen: Listen;
  readonly health: { readonly host: string; readonly port: number };
  /** Where people see what is served, on this machine alone; nowhere where it is undefined. */
  readonly debug?: { readonly host: string; readonly port: number } | undefined;
  /** Who runs the Envoys of Gateways. */
  readonly gateways: GatewayProxies;
  /** Our own identity; where it is there, proxies are served by it and by theirs alone. It is the caller's to close. */
  readonly identity: X509Source | undefined;
}

export interface RunningProgram {
  readonly xdsPort: number;
  readonly healthPort: number;
  /** Resolves when all has ended after the signal. */
  readonly ended: Promise<void>;
}

const fieldOwner = "nephele.dev/gateway";

/** Watches the cluster, serves its view, and says in the objects' conditions what became of them. */
export async function startProgram(options: ProgramOptions, signal: AbortSignal): Promise<RunningProgram> {
  const { connection, log } = options;
  const metrics = createMetrics({ processMetrics: true });
  const transport = createTransport(connection, {
    userAgent: "nephele-xds",
    observe: (seen) => metrics.observeRequest(seen),
  });
  const kube = createClient(transport);
  const informers = new Informers(transport, logWatches(log, metrics));
  const counting = metricsObserver(metrics.registry);
  let view: View | undefined;
  const rejections = new Rejections(hostname());
  const { identity } = options;
  const domain = identity && trustDomainOf(identity.svid.id);
  const server = new XdsServer({
    identifier: "nephele-xds",
    admit: (client) => admission.admit(client),
    observer: {
      ...counting,
      refused: (client, reason) => {
        counting.refused?.(client, reason);
        const identity = client.certificate && spiffeIdOf({ certificate: client.certificate });
        log.warn({ address: client.address, identity, node: client.node?.id, reason }, "a proxy was refused");
      },
      acknowledged: (stream, response, afterMs, standing) => {
        counting.acknowledged?.(stream, response, afterMs, standing);
        if (rejections.acknowledged(stream, response.kind, standing?.message)) sayer.say();
      },
      closed: (stream) => {
        counting.closed?.(stream);
        if (rejections.closed(stream)) sayer.say();
      },
      rejected: (stream, response, error) => {
        counting.rejected?.(stream, response, error);
        rejections.rejected(stream, response.kind, error.message);
        sayer.say();
        log.warn({ proxy: stream.client.node.id, problem: error.message }, "a proxy rejected what it was sent");
      },
    },
  });
  const publisher = new Publisher(server.snapshots, log);
  const admission = new Admission(domain, server.snapshots, publisher);
  const sayer = new StatusSayer(
    {
      wanted: (now) => (view === undefined ? [] : statusWrites(view, now, rejections)),
      write: async ({ resource, object, status }) => {
        const { name, namespace, uid } = object.metadata;
        const metadata = { name, uid, ...(namespace === undefined ? {} : { namespace }) };
        const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status };
        await kube.applyStatus(resource, body, { fieldOwner, force: true });
      },
      log,
    },
    signal,
  );
  const watching = watchCluster(
    informers,
    transport,
    log,
    (objects) => {
      const before = view?.mesh.denied ?? new Set();
      view = viewOf(objects, domain, options.gateways);
      publisher.publish(view.mesh);
      admission.published(view.mesh);
      if (!view.mesh.denied.isSubsetOf(before)) server.review();
      sayer.say();
    },
    signal,
  );
  const health = await serveHealth({
    ...options.health,
    metrics,
    notReady: () =>
      view === undefined
        ? `waiting for the first list of ${informers.unsynced().join(", ")}`
        : identity && identityProblem(identity),
    beforeMetrics: () => {
      for (const [resource, age] of informers.ages(Date.now())) metrics.watchAge.set({ resource }, age);
      for (const [resource, size] of informers.sizes()) metrics.cacheObjects.set({ resource }, size);
    },
  });
  const debug =
    options.debug &&
    (await serveDebug({ ...options.debug, mesh: () => view?.mesh, snapshots: server.snapshots, rejections }));
  informers.start(signal);
  const door = await listen(server, options, log);
  const xdsPort = door.port;
  log.info({ xdsPort, healthPort: health.port, identity: identity?.svid.id }, "serving");
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })).then(
    async () => {
      door.close();
      await Promise.all([server.close(), informers.stopped(), watching.stopped(), sayer.settled()]);
      await Promise.all([health.close(), debug?.close()]);
    },
  );
  return { xdsPort, healthPort: health.port, ended };
}

/** Opens what proxies connect to. */
async function listen(server: XdsServer, { listen: where, identity }: ProgramOptions, log: Logger): Promise<Door> {
  if (identity !== undefined) {
    if (where.kind !== "tcp") throw new Error("identities are shown over TCP: listen on HOST:PORT");
    return openDoor(server, identity, where, log);
  }
  const address = where.kind === "tcp" ? `${where.host}:${where.port}` : `unix:${where.path}`;
  return { port: await server.listen(address, ServerCredentials.createInsecure()), close: () => undefined };
}
