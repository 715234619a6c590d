import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Observer } from "./observer.ts";

/**
 * An observer that counts, in Prometheus' conventions, into a registry. Proxies are not labels: there are too many of them.
 * Load reports count requests by cluster and locality, as the proxies saw them.
 */
export function metricsObserver(registry: Registry): Observer {
  const registers = [registry];
  const streams = new Gauge({
    name: "xds_streams",
    help: "Open discovery streams whose client was admitted",
    labelNames: ["variant", "group"],
    registers,
  });
  const refused = new Counter({
    name: "xds_streams_refused_total",
    help: "Streams that were ended because of what their client sent or may not have",
    registers,
  });
  const responses = new Counter({
    name: "xds_responses_total",
    help: "Responses sent",
    labelNames: ["type"],
    registers,
  });
  const bytes = new Counter({
    name: "xds_response_bytes_total",
    help: "Bytes of responses sent, before framing",
    labelNames: ["type"],
    registers,
  });
  const acknowledged = new Histogram({
    name: "xds_acknowledged_seconds",
    help: "From a response to its acknowledgement; a cluster's is acknowledged when it is warm",
    labelNames: ["type"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
    registers,
  });
  const rejected = new Counter({
    name: "xds_rejected_total",
    help: "Responses that clients rejected",
    labelNames: ["type"],
    registers,
  });
  const pushed = new Histogram({
    name: "xds_push_seconds",
    help: "From a change to the last stream of its group that was sent it",
    labelNames: ["group"],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  });
  const load = new Counter({
    name: "xds_load_requests_total",
    help: "Requests that proxies reported, by their upstream cluster and its locality",
    labelNames: ["cluster", "locality", "outcome"],
    registers,
  });
  return {
    opened: ({ variant, group }) => streams.inc({ variant, group }),
    closed: ({ variant, group }) => streams.dec({ variant, group }),
    refused: () => refused.inc(),
    sent: (_stream, { kind }, size) => {
      responses.inc({ type: kind });
      bytes.inc({ type: kind }, size);
    },
    acknowledged: (_stream, { kind }, afterMs) => acknowledged.observe({ type: kind }, afterMs / 1000),
    rejected: (_stream, { kind }) => rejected.inc({ type: kind }),
    pushed: (group, _kinds, _streams, afterMs) => pushed.observe({ group }, afterMs / 1000),
    loadReported: ({ cluster, locality, succeeded, failed }) => {
      load.inc({ cluster, locality, outcome: "succeeded" }, succeeded);
      load.inc({ cluster, locality, outcome: "failed" }, failed);
    },
  };
}
