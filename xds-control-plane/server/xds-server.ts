import type { Duplex } from "node:stream";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { SnapshotStore } from "../snapshot/store.ts";
import { clientStatusDiscovery } from "./client-status-service.ts";
import { Discovery, type DiscoveryOptions } from "./discovery.ts";
import { type LoadReport, loadReporting } from "./load-report.ts";
import { addServices } from "./service.ts";

export interface XdsServerOptions extends DiscoveryOptions {
  /** How often proxies report their load, milliseconds; 10 s if not said. */
  readonly loadReportsEveryMs?: number;
  /**
   * After so long a connection is closed, and its proxy spreads anew over the replicas, milliseconds; gRPC varies it by a
   * tenth, so that they do not all come at once. Half an hour if not said.
   */
  readonly connectionAgeMs?: number;
}

type ConnectionInjector = ReturnType<Server["createConnectionInjector"]>;

/** Largest request, bytes: Envoy names itself, and all that it has, in the first one after it reconnects. */
const largestRequest = 16 * 1024 * 1024;

/** What an old connection has to come to its end, milliseconds. Discovery streams never end by themselves. */
const ageGraceMs = 5_000;

/** A connection that says nothing for so long is asked whether it lives, and closed without an answer. */
const keepalive = { "grpc.keepalive_time_ms": 30_000, "grpc.keepalive_timeout_ms": 10_000 } as const;

/**
 * A gRPC server for xDS: put a snapshot for a group of nodes in (`snapshots.set`), and every client that `admit` puts into
 * that group gets it. Discovery in all variants, load reports, and the clients' status.
 */
export class XdsServer {
  readonly #discovery: Discovery;
  readonly #grpc: Server;
  #injector: ConnectionInjector | undefined;

  constructor(options: XdsServerOptions) {
    this.#discovery = new Discovery(options);
    this.#grpc = new Server({
      "grpc.max_receive_message_length": largestRequest,
      "grpc.max_send_message_length": -1,
      "grpc.max_connection_age_ms": options.connectionAgeMs ?? 30 * 60_000,
      "grpc.max_connection_age_grace_ms": ageGraceMs,
      ...keepalive,
    });
    addServices(this.#grpc, this.#discovery.methods());
    addServices(
      this.#grpc,
      clientStatusDiscovery(() => this.#discovery.streams()),
    );
    addServices(
      this.#grpc,
      loadReporting({
        // It is of the same node as the streams beside it, of which only the id is told here.
        admit: (id, caller) => options.admit({ node: { id, cluster: "", encoded: new Uint8Array() }, ...caller }),
        everyMs: options.loadReportsEveryMs ?? 10_000,
        onReport: (report: LoadReport) => options.observer?.loadReported?.(report),
      }),
    );
  }

  /** What is served, by group. */
  get snapshots(): SnapshotStore {
    return this.#discovery.snapshots;
  }

  /**
   * Listens on an address such as `127.0.0.1:18000` or `unix:/run/xds.sock`; port 0 takes a free one. Gives the port.
   *
   * @throws Error when the address cannot be had.
   */
  listen(address: string, credentials: ServerCredentials): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#grpc.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(new Error(`cannot listen on ${address}: ${error.message}`, { cause: error }));
    });
    return promise;
  }

  /**
   * Takes over a connection that somebody else accepted, and decided to let in. A TLS socket's certificate is what `admit`
   * is told.
   */
  take(connection: Duplex): void {
    this.#injector ??= this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#injector.injectConnection(connection);
  }

  /** Asks `admit` about every open stream again, and ends those that it refuses: for when fewer may be served than before. */
  review(): void {
    this.#discovery.review();
  }

  /**
   * Stops: every stream is ended with UNAVAILABLE, which sends its client elsewhere; what is still open after the grace is
   * cut.
   */
  async close(graceMs = 2_000): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#discovery.close();
    const cut = setTimeout(() => this.#grpc.forceShutdown(), graceMs);
    this.#grpc.tryShutdown(() => resolve());
    await promise;
    clearTimeout(cut);
  }
}
