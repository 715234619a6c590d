import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Verdict } from "../check/decision.ts";

/** What the service measures, in Prometheus' conventions. */
export interface AuthorizationMetrics {
  readonly registry: Registry;
  readonly decisions: Counter<"outcome">;
  readonly decisionSeconds: Histogram;
  readonly waiting: Gauge;
  readonly threadsEnded: Counter;
  readonly bundleRefused: Gauge;
  readonly bundleInfo: Gauge<"revision">;
  readonly connectionsRefused: Counter;
}

const outcomes: readonly Verdict["kind"][] = ["allowed", "denied", "failed"];

export function createAuthorizationMetrics(): AuthorizationMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const decisions = new Counter({
    name: "nephele_authorization_decisions_total",
    help: "Requests that were decided on; failed: refused because there was no decision",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of outcomes) decisions.inc({ outcome }, 0);
  return {
    registry,
    decisions,
    decisionSeconds: new Histogram({
      name: "nephele_authorization_decision_seconds",
      help: "Time from a request to its decision, with waiting for a thread",
      buckets: [0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1],
      registers,
    }),
    waiting: new Gauge({
      name: "nephele_authorization_waiting",
      help: "Requests that wait for a thread",
      registers,
    }),
    threadsEnded: new Counter({
      name: "nephele_authorization_threads_ended_total",
      help: "Threads that were ended or broke in the middle of a decision",
      registers,
    }),
    bundleRefused: new Gauge({
      name: "nephele_authorization_bundle_refused",
      help: "1 while the newest bundle is missing or no good: the last good one decides, if there was one",
      registers,
    }),
    bundleInfo: new Gauge({
      name: "nephele_authorization_bundle_info",
      help: "1 for the revision that decides",
      labelNames: ["revision"],
      registers,
    }),
    connectionsRefused: new Counter({
      name: "nephele_authorization_connections_refused_total",
      help: "Connections of callers that may not ask",
      registers,
    }),
  };
}
