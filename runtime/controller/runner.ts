import { randomUUID } from "node:crypto";
import { isDeleting, type KubeObject, keyOf, keyText, parseKey } from "../api/object.ts";
import { resourceName } from "../api/resource.ts";
import { isApiError } from "../client/errors.ts";
import type { KubeClient } from "../client/kube-client.ts";
import type { Logger } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Queue } from "../queue/queue.ts";
import { type CacheReader, NotSyncedError } from "../watch/cache.ts";
import type { Informers } from "../watch/informers.ts";
import type { Change } from "../watch/store.ts";
import type { Controller, ReconcileContext } from "./definition.ts";
import { dependencyIndex } from "./dependency.ts";
import { EventRecorder } from "./events.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "./finalizers.ts";
import { matters } from "./matters.ts";
import { referrers, requireDependency } from "./require.ts";
import { runSteps } from "./run-steps.ts";
import { type CommonStatus, type PassResult, pausedConditions, standardConditions, statusToApply } from "./status.ts";

export interface RunnerEnvironment {
  readonly kube: KubeClient;
  readonly informers: Informers;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: () => Date;
  /** Who writes events: the process's name. */
  readonly instance: string;
  /** Every object is looked at again after this long even where nothing was heard: the last net under every watch. */
  readonly resyncMs: number;
}

const PAUSED = "nephele.dev/paused";
/** A cache that is behind for longer than its objects are put off by this is said. */
const BEHIND_SAID_FROM_MS = 3_000;
const BACKOFF = { firstMs: 250, mostMs: 30_000 } as const;
const DEFAULT_WORKERS = 4;

/** What a pass is given up by, and nothing is said of: the end of the work, or a cache that is not filled yet. */
function isNoFault(error: Error, signal: AbortSignal): boolean {
  return signal.aborted || error instanceof NotSyncedError;
}

function newQueue(): Queue {
  return new Queue({ backoff: BACKOFF, groupOf: (key) => parseKey(key).namespace ?? "" });
}

/** Runs one controller: feeds its queue from the watches and takes objects through its steps. */
export class ControllerRunner {
  readonly #definition: Controller;
  readonly #env: RunnerEnvironment;
  #queue = newQueue();
  readonly #log: Logger;
  readonly #events: EventRecorder;
  readonly #finalizer: string;

  constructor(definition: Controller, env: RunnerEnvironment) {
    this.#definition = definition;
    this.#env = env;
    this.#log = env.log.child({ controller: definition.name });
    const controller = `nephele.dev/${definition.name}`;
    this.#events = new EventRecorder(env.kube, this.#log, { controller, instance: env.instance });
    this.#finalizer = `nephele.dev/${definition.reconciles.kind.toLowerCase()}`;
    this.#declare();
  }

  get name(): string {
    return this.#definition.name;
  }

  depth(): ReturnType<Queue["depth"]> {
    return this.#queue.depth();
  }

  /** Resolves when all that there is to look at has been looked at, as far as one can tell now. */
  atRest(): Promise<void> {
    return this.#queue.atRest();
  }

  /**
   * Works until `stop`; passes under way then end in peace, or are cut when `kill` comes. May be called again when it
   * has ended: what changed meanwhile was not noted, so everything is looked at.
   */
  async run(stop: AbortSignal, kill: AbortSignal): Promise<void> {
    if (this.#queue.closed) {
      this.#queue = newQueue();
      const all = this.#env.informers.list(this.#definition.reconciles);
      for (const object of all) this.#queue.add(keyText(keyOf(object)), "low");
    }
    const close = (): void => this.#queue.close();
    stop.addEventListener("abort", close, { once: true });
    if (stop.aborted) close();
    const workers = Array.from({ length: this.#definition.workers ?? DEFAULT_WORKERS }, async () => {
      for (let key = await this.#queue.take(); key !== undefined; key = await this.#queue.take()) {
        try {
          await this.#pass(key, kill);
        } finally {
          this.#queue.done(key);
        }
      }
    });
    await Promise.all(workers);
  }

  /** Tells the informers what to watch and index, and what a change wakes. */
  #declare(): void {
    const { reconciles, watches = [], indexes = [], dependencies = [] } = this.#definition;
    const { informers } = this.#env;
    informers.need(reconciles);
    for (const { resource, metadataOnly, labelSelector, keep, within } of watches) {
      informers.need(resource, {
        ...(metadataOnly === undefined ? {} : { metadataOnly }),
        ...(labelSelector === undefined ? {} : { labelSelector }),
        ...(keep === undefined ? {} : { keep }),
        ...(within === undefined ? {} : { within }),
      });
    }
    for (const { on } of dependencies) informers.need(on);
    for (const { resource, name, keys } of indexes) {
      if (!informers.watches(resource)) informers.need(resource);
      informers.addIndex(resource, name, keys);
    }
    informers.onChange(reconciles, (change) => this.#primaryChanged(change));
    for (const { resource, wakes } of watches) {
      informers.onChange(resource, (change) => this.#wake(change, (object) => wakes(object, informers).map(keyText)));
    }
    for (const dependency of dependencies) {
      const indexName = dependencyIndex(dependency);
      informers.addIndex(reconciles, indexName, (object) => dependency.keys(object).map(keyText));
      informers.onChange(dependency.on, (change) =>
        this.#wake(change, (object) =>
          informers.byIndex(reconciles, indexName, keyText(keyOf(object))).map((referrer) => keyText(keyOf(referrer))),
        ),
      );
    }
  }

  #primaryChanged({ before, after, initial }: Change): void {
    const object = after ?? before;
    if (object === undefined) return;
    if (before !== undefined && after !== undefined && !matters(before, after)) return;
    this.#queue.add(keyText(keyOf(object)), initial ? "low" : "normal");
  }

  #wake({ before, after, initial }: Change, keysOf: (object: KubeObject) => readonly string[]): void {
    try {
      const keys = new Set([before, after].flatMap((object) => (object === undefined ? [] : keysOf(object))));
      for (const key of keys) this.#queue.add(key, initial ? "low" : "normal");
    } catch (error) {
      // While the first lists arrive, what cannot be looked up yet is woken by its own kind's list.
      if (!(error instanceof NotSyncedError)) throw error;
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<void> {
    const object = this.#env.informers.get(this.#definition.reconciles, parseKey(key));
    if (object === undefined) {
      this.#queue.cancel(key);
      this.#queue.forget(key);
      return;
    }
    const reconcileId = randomUUID();
    // Made when something is said: a child logger costs more than a pass that finds nothing to do, and most say nothing.
    let made: Logger | undefined;
    const log = (): Logger => {
      made ??= this.#log.child({ object: `${resourceName(this.#definition.reconciles)} ${key}`, reconcileId });
      return made;
    };
    const started = performance.now();
    let outcome = "error";
    try {
      outcome = await this.#reconcile(key, object, reconcileId, log, signal);
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = Math.round(this.#queue.retry(key));
      if (!(error instanceof NotSyncedError))
        log().warn({ err: error, retryInMs }, "the pass failed and is tried again");
      else if (retryInMs >= BEHIND_SAID_FROM_MS)
        log().info({ reason: error.message, retryInMs }, "a cache is not filled, or behind what is there");
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#env.metrics.reconcileSeconds.observe({ controller: this.#definition.name, outcome }, seconds);
    }
  }

  async #reconcile(
    key: string,
    object: KubeObject,
    reconcileId: string,
    log: () => Logger,
    signal: AbortSignal,
  ): Promise<string> {
    const { definition, now } = { definition: this.#definition, now: this.#env.clock() };
    if (definition.observesOnly === true) {
      const scope = definition.scope(this.#contextOf(object, reconcileId, now, log));
      const result = await runSteps(definition.steps, scope, signal);
      if (result.kind === "failed" && isNoFault(result.error, signal)) throw result.error;
      this.#comeBack(key, result, log);
      return result.kind;
    }
    if (this.#isPaused(object)) {
      await this.#writeStatus(object, undefined, pausedConditions(object as KubeObject<unknown, CommonStatus>));
      this.#queue.forget(key);
      return "paused";
    }
    const deleting = isDeleting(object);
    const held = hasFinalizer(object, this.#finalizer);
    if (deleting && !held) return "gone";
    let current = object;
    if (!deleting && !held && this.#needsFinalizer(object)) {
      const kept = await addFinalizer(this.#env.kube, definition.reconciles, object, this.#finalizer);
      if (kept === undefined) return "gone";
      current = kept;
    }
    const context = this.#contextOf(current, reconcileId, now, log);
    const scope = definition.scope(context);
    const steps = deleting ? (definition.cleanup ?? []) : definition.steps;
    const result = await runSteps(steps, scope, signal);
    if (result.kind === "failed" && isNoFault(result.error, signal)) throw result.error;

    if (deleting && result.kind === "settled") {
      await removeFinalizer(this.#env.kube, definition.reconciles, current, this.#finalizer);
      log().info("deleted");
      return "deleted";
    }
    const report = definition.status?.(scope, result);
    const standard = standardConditions(current as KubeObject<unknown, CommonStatus>, result);
    await this.#writeStatus(current, report?.fields, [...standard, ...(report?.conditions ?? [])]);
    this.#comeBack(key, result, log);
    return result.kind;
  }

  #isPaused(object: KubeObject): boolean {
    if (object.metadata.annotations?.[PAUSED] !== "true") return false;
    return this.#definition.evenPaused?.(object, this.#env.informers) !== true;
  }

  #needsFinalizer(object: KubeObject): boolean {
    const { cleanup, needsFinalizer } = this.#definition;
    return cleanup !== undefined && (needsFinalizer?.(object) ?? true);
  }

  #comeBack(key: string, result: PassResult, log: () => Logger): void {
    if (result.kind === "failed") {
      const retryInMs = Math.round(this.#queue.retry(key));
      log().warn({ err: result.error, retryInMs }, "the pass failed and is tried again");
      return;
    }
    this.#queue.forget(key);
    const { resyncMs } = this.#env;
    const after = Math.min(result.pollAfterMs ?? resyncMs, resyncMs);
    this.#queue.addAfter(key, after * (0.9 + Math.random() * 0.2), "low");
    if (this.#log.isLevelEnabled("debug")) log().debug({ outcome: result }, "pass ended");
  }

  async #writeStatus(
    object: KubeObject,
    fields: Readonly<Record<string, unknown>> | undefined,
    conditions: ReturnType<typeof standardConditions>,
  ): Promise<void> {
    // The time of now, not of the pass's beginning: a condition changes when it is written, and a pass may take seconds.
    const now = this.#env.clock();
    const status = statusToApply(object as KubeObject<unknown, CommonStatus>, fields, conditions, now);
    if (status === undefined) return;
    const options = { fieldOwner: this.#fieldOwner("status"), force: true };
    try {
      await this.#env.kube.applyStatus(this.#definition.reconciles, status, options);
    } catch (error) {
      // Gone, or replaced by another of its name: its watch event follows.
      if (!isApiError(error, "NotFound") && !isApiError(error, "Conflict")) throw error;
    }
  }

  #fieldOwner(concern: string): string {
    return `nephele.dev/${this.#definition.name}/${concern}`;
  }

  #contextOf(object: KubeObject, reconcileId: string, now: Date, log: () => Logger): ReconcileContext<KubeObject> {
    const { kube, informers } = this.#env;
    const cache: CacheReader = informers;
    return {
      object,
      kube,
      cache,
      now,
      get log() {
        return log();
      },
      reconcileId,
      fieldOwner: (concern) => this.#fieldOwner(concern),
      event: (type, reason, message) =>
        this.#events.record({ object, type, reason, action: "Reconcile", message }, this.#env.clock()),
      require: (dependency) => requireDependency(kube, cache, dependency, object),
      referrers: (dependency, on) => referrers(cache, dependency, on),
    };
  }
}
