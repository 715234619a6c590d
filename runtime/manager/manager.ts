import { createClient } from "../client/client.ts";
import type { Connection } from "../client/connection.ts";
import type { KubeClient } from "../client/kube-client.ts";
import { type ApiRequest, createTransport, type RequestObservation } from "../client/transport.ts";
import type { Controller } from "../controller/definition.ts";
import { guardController } from "../controller/guard.ts";
import { ControllerRunner } from "../controller/runner.ts";
import type { Logger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { Informers } from "../watch/informers.ts";
import { giveBack } from "./give-back.ts";
import { serveHealth } from "./health.ts";
import { LEADER_TIMES, LeadershipLost } from "./leader.ts";
import { Leadership } from "./leadership.ts";
import type { LeaderTimes } from "./lease.ts";
import { logWatches } from "./watch-log.ts";

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
  /**
   * Without it, this process works at once: for one that is alone. `name` is the Lease's for all controllers; a set of
   * them has one of its own, and a record beside them keeps a controller from running in two sets.
   */
  readonly leaderElection?: { readonly namespace: string; readonly name: string; readonly times?: LeaderTimes };
  readonly health?: { readonly host: string; readonly port: number };
  readonly processMetrics?: boolean;
  /** Every object is looked at again after about this long even where nothing was heard. Default: ten minutes. */
  readonly resyncMs?: number;
}

/** A write that was not sent, because the lease is another's or nobody's. */
export class NotLeadingError extends Error {
  override readonly name = "NotLeadingError";
}

/** Passes under way at a stop may take this long to end. */
const GRACE_MS = 15_000;
const RESYNC_MS = 10 * 60_000;

/** Joins client, watches, controllers, election and health into one process. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly metrics: Metrics;
  readonly informers: Informers;
  readonly kube: KubeClient;
  readonly #runners: readonly ControllerRunner[];
  readonly #leadership: Leadership | undefined;
  #leads = false;
  #health: Awaited<ReturnType<typeof serveHealth>> | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { log, connection, userAgent, identity } = options;
    this.metrics = createMetrics({ processMetrics: options.processMetrics ?? false });
    const observe = (seen: RequestObservation): void => this.metrics.observeRequest(seen);
    // A pass that its lease's end has overtaken may still be between two writes, or wait to send one again.
    const admit = ({ method, verb, resource }: ApiRequest): void => {
      if (method !== "GET" && !this.#leads)
        throw new NotLeadingError(`${verb} ${resource}: this process does not lead`);
    };
    const transport = createTransport(connection, { userAgent, observe, admit });
    this.informers = new Informers(transport, logWatches(log, this.metrics));
    this.kube = createClient(transport, (resource, object) => this.informers.absorb(resource, object));
    const chosen = choose(options.controllers(this.kube, this.metrics), options.only);
    if (options.leaderElection !== undefined) {
      // The election must write while this process does not lead.
      const unfenced = createClient(createTransport(connection, { userAgent, observe }));
      const { namespace, name, times = LEADER_TIMES } = options.leaderElection;
      this.#leadership = new Leadership({
        kube: unfenced,
        lease: { namespace, name: leaseOf(name, options.only) },
        record: { namespace, name: `${name}-controllers` },
        controllers: chosen.map((controller) => controller.name),
        identity,
        log,
        times,
      });
    }
    const guards = chosen.flatMap(({ dependencies = [] }) =>
      dependencies.filter(({ guard }) => guard === true).map(guardController),
    );
    const { kube, informers, metrics } = this;
    const { clock = () => new Date(), resyncMs = RESYNC_MS } = options;
    this.#runners = [...chosen, ...guards].map(
      (controller) =>
        new ControllerRunner(controller, { kube, informers, metrics, log, clock, instance: identity, resyncMs }),
    );
  }

  /** The port of /healthz, /readyz and /metrics, once running. */
  get healthPort(): number | undefined {
    return this.#health?.port;
  }

  /**
   * Runs until the signal ends it: caches fill at once, controllers work while this process leads. On the signal the
   * queues close, passes under way end, and the lease is given back. A lease that is lost ends the work and not the
   * process: the caches stay warm, and work begins anew, with a look at every object, when the lease is held again.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, health } = this.#options;
    const watches = new AbortController();
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
    try {
      this.informers.start(watches.signal);
      await this.informers.synced(signal);
      if (signal.aborted) return;
      log.info({ objects: Object.fromEntries(this.informers.sizes()) }, "caches are filled");
      while (!signal.aborted) await this.#term(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      watches.abort();
      await this.informers.stopped();
      await this.#health?.close();
      log.info("stopped");
    }
  }

  /** Waits for the lease and works for as long as it is held, or until the process is to stop. */
  async #term(stop: AbortSignal): Promise<void> {
    const { log } = this.#options;
    await this.#leadership?.acquire(stop);
    const [end, kill, ended] = [new AbortController(), new AbortController(), new AbortController()];
    let grace: NodeJS.Timeout | undefined;
    const endInPeace = (): void => {
      grace = setTimeout(() => kill.abort(), GRACE_MS);
      end.abort();
    };
    const cut = (): void => {
      this.#leads = false;
      kill.abort();
      end.abort();
    };
    stop.addEventListener("abort", endInPeace, { once: true });
    if (stop.aborted) endInPeace();
    this.#leads = true;
    this.metrics.leader.set(1);
    log.info({ controllers: this.#runners.map(({ name }) => name) }, "working");
    // Renewed until the last pass has ended: nobody else may begin before.
    const holding = this.#leadership?.hold(ended.signal).then(
      () => undefined,
      (error: unknown) => {
        cut();
        return { error };
      },
    );
    try {
      const working = this.#runners.map((runner) => runner.run(end.signal, kill.signal));
      const looked = Promise.all(this.#runners.map((runner) => runner.atRest()));
      // Queues that are closed are at rest, too; who stops has no use for it.
      void looked.then(() => (end.signal.aborted ? undefined : giveBack()));
      await Promise.all(working);
    } finally {
      cut();
      clearTimeout(grace);
      stop.removeEventListener("abort", endInPeace);
      this.metrics.leader.set(0);
      ended.abort();
    }
    const failed = await holding;
    if (failed === undefined) await this.#leadership?.release();
    else if (failed.error instanceof LeadershipLost)
      log.warn({ err: failed.error }, "the lease is lost: nothing is done until it is held again");
    else throw failed.error;
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

/** Replicas of one set share a Lease. */
function leaseOf(name: string, only: readonly string[] | undefined): string {
  return only === undefined ? name : [name, ...[...new Set(only)].sort()].join("-");
}

function choose(all: readonly Controller[], only: readonly string[] | undefined): readonly Controller[] {
  if (only === undefined) return all;
  const names = all.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new Error(`--controllers: there is no ${unknown.join(", ")}; there are ${names.join(", ")}`);
  return all.filter(({ name }) => only.includes(name));
}
