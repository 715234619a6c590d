import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { RequestObservation } from "../client/transport.ts";

/** What the runtime measures, in Prometheus' conventions (base units, `_total`, `_seconds`). */
export interface Metrics {
  readonly registry: Registry;
  readonly reconcileSeconds: Histogram<"controller" | "outcome">;
  readonly queueDepth: Gauge<"controller" | "priority">;
  readonly cacheObjects: Gauge<"resource">;
  readonly watchAge: Gauge<"resource">;
  readonly watchErrors: Counter<"resource">;
  readonly leader: Gauge;
  observeRequest(observation: RequestObservation): void;
}

/** Metrics of one process; a registry of its own, so that two managers in one process do not mix. */
export function createMetrics(options: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: "nephele_api_requests_total",
    help: "Requests to the Kubernetes API server; code 0 where no answer came",
    labelNames: ["verb", "resource", "code"],
    registers,
  });
  const requestSeconds = new Histogram({
    name: "nephele_api_request_seconds",
    help: "Time to the end of the answer; watches apart",
    labelNames: ["verb"],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    registers,
  });
  return {
    registry,
    reconcileSeconds: new Histogram({
      name: "nephele_reconcile_seconds",
      help: "Time of one pass over one object",
      labelNames: ["controller", "outcome"],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    }),
    queueDepth: new Gauge({
      name: "nephele_workqueue_depth",
      help: "Objects that wait to be looked at",
      labelNames: ["controller", "priority"],
      registers,
    }),
    cacheObjects: new Gauge({
      name: "nephele_cache_objects",
      help: "Objects held in the cache",
      labelNames: ["resource"],
      registers,
    }),
    watchAge: new Gauge({
      name: "nephele_watch_age_seconds",
      help: "Time since a kind's watch last heard from the API server; bookmarks come about once a minute",
      labelNames: ["resource"],
      registers,
    }),
    watchErrors: new Counter({
      name: "nephele_watch_errors_total",
      help: "Watches that failed and were opened again",
      labelNames: ["resource"],
      registers,
    }),
    leader: new Gauge({ name: "nephele_leader", help: "1 while this process holds the lease", registers }),
    observeRequest({ verb, resource, code, seconds }) {
      requests.inc({ verb, resource, code });
      if (verb !== "watch") requestSeconds.observe({ verb }, seconds);
    },
  };
}
