import { createClient } from "../client/client.ts";
import type { Connection } from "../client/connection.ts";
import type { KubeClient } from "../client/kube-client.ts";
import { createTransport, type Transport } from "../client/transport.ts";
import type { Controller } from "../controller/definition.ts";
import { guardController } from "../controller/guard.ts";
import { ControllerRunner } from "../controller/runner.ts";
import type { Logger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { Informers } from "../watch/informers.ts";
import { serveHealth } from "./health.ts";
import { LeaderElection, type LeaderTimes } from "./leader.ts";

export interface ManagerOptions {
  readonly connection: Connection;
  readonly userAgent: string;
  /** All controllers of the program; those run here are chosen by `only`. */
  readonly controllers: (kube: KubeClient, metrics: Metrics) => readonly Controller[];
  /** Names of the controllers that this process runs. Default: all. Guards go with the controller that they serve. */
  readonly only?: readonly string[];
  /** This process's name: unique, in events and in the lease. */
  readonly identity: string;
  readonly log: Logger;
  readonly clock?: () => Date;
  /** Without it, this process works at once: for one that is alone. */
  readonly leaderElection?: { readonly namespace: string; readonly name: string; readonly times?: LeaderTimes };
  readonly health?: { readonly host: string; readonly port: number };
  readonly processMetrics?: boolean;
}

/** Passes under way at a stop may take this long to end. */
const GRACE_MS = 15_000;

/** Joins client, watches, controllers, election and health into one process. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly metrics: Metrics;
  readonly informers: Informers;
  readonly kube: KubeClient;
  readonly #runners: readonly ControllerRunner[];
  #health: Awaited<ReturnType<typeof serveHealth>> | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { log, connection, userAgent, identity } = options;
    this.metrics = createMetrics({ processMetrics: options.processMetrics ?? false });
    const transport: Transport = createTransport(connection, {
      userAgent,
      observe: (seen) => this.metrics.observeRequest(seen),
    });
    this.informers = new Informers(transport, {
      onError: (resource, error) => {
        this.metrics.watchErrors.inc({ resource });
        log.warn({ err: error, resource }, "a watch failed and is opened again");
      },
    });
    this.kube = createClient(transport, (resource, object) => this.informers.absorb(resource, object));
    const chosen = choose(options.controllers(this.kube, this.metrics), options.only);
    const guards = chosen.flatMap(({ dependencies = [] }) =>
      dependencies.filter(({ guard }) => guard === true).map(guardController),
    );
    const { kube, informers, metrics } = this;
    const clock = options.clock ?? (() => new Date());
    this.#runners = [...chosen, ...guards].map(
      (controller) => new ControllerRunner(controller, { kube, informers, metrics, log, clock, instance: identity }),
    );
  }

  /** The port of /healthz, /readyz and /metrics, once running. */
  get healthPort(): number | undefined {
    return this.#health?.port;
  }

  /**
   * Runs until the signal ends it: caches fill at once, controllers work while this process leads. On the signal the
   * queues close, passes under way end, and the lease is given back.
   * @throws LeadershipLost when the lease went to another: the process must end, since its passes may be outdated
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, leaderElection, health, identity } = this.#options;
    const stop = new AbortController();
    const watches = new AbortController();
    const kill = new AbortController();
    const end = (): void => stop.abort();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    if (health !== undefined) {
      const notReady = (): string | undefined => this.#notReady();
      this.#health = await serveHealth({
        ...health,
        metrics: this.metrics,
        notReady,
        beforeMetrics: () => this.#measure(),
      });
      log.info({ port: this.#health.port }, "serving /healthz, /readyz and /metrics");
    }
    const election =
      leaderElection === undefined
        ? undefined
        : new LeaderElection({
            kube: this.kube,
            lease: { namespace: leaderElection.namespace, name: leaderElection.name },
            identity,
            log,
            ...(leaderElection.times === undefined ? {} : { times: leaderElection.times }),
          });
    let led = false;
    let grace: NodeJS.Timeout | undefined;
    try {
      this.informers.start(watches.signal);
      await this.informers.synced(stop.signal);
      if (stop.signal.aborted) return;
      log.info({ objects: Object.fromEntries(this.informers.sizes()) }, "caches are filled");
      await election?.acquire(stop.signal);
      led = true;
      this.metrics.leader.set(1);
      log.info({ controllers: this.#runners.map(({ name }) => name) }, "working");
      const holding = election?.hold(stop.signal) ?? Promise.resolve();
      // What ends the holding ends the work: a process that does not lead must not write.
      const lost = holding.catch((error: unknown) => {
        kill.abort();
        stop.abort();
        throw error;
      });
      stop.signal.addEventListener("abort", () => {
        grace = setTimeout(() => kill.abort(), GRACE_MS);
      });
      await Promise.all([lost, ...this.#runners.map((runner) => runner.run(stop.signal, kill.signal))]);
    } catch (error) {
      if (!signal.aborted || kill.signal.aborted) throw error;
    } finally {
      clearTimeout(grace);
      stop.abort();
      watches.abort();
      this.metrics.leader.set(0);
      if (led && !kill.signal.aborted) await election?.release();
      await this.informers.stopped();
      await this.#health?.close();
      log.info("stopped");
    }
  }

  #notReady(): string | undefined {
    const missing = this.informers.unsynced();
    return missing.length === 0 ? undefined : `waiting for the first list of ${missing.join(", ")}`;
  }

  #measure(): void {
    for (const runner of this.#runners) {
      const { normal, low } = runner.depth();
      this.metrics.queueDepth.set({ controller: runner.name, priority: "normal" }, normal);
      this.metrics.queueDepth.set({ controller: runner.name, priority: "low" }, low);
    }
    for (const [resource, age] of this.informers.ages(Date.now())) this.metrics.watchAge.set({ resource }, age);
    for (const [resource, size] of this.informers.sizes()) this.metrics.cacheObjects.set({ resource }, size);
  }
}

function choose(all: readonly Controller[], only: readonly string[] | undefined): readonly Controller[] {
  if (only === undefined) return all;
  const names = all.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`--controllers: there is no ${unknown.join(", ")}; there are ${names.join(", ")}`);
  return all.filter(({ name }) => only.includes(name));
}
