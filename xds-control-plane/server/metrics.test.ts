import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { endpoint } from "../conformance/fixtures.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import type { Response } from "../stream/messages.ts";
import type { StreamInfo } from "./client.ts";
import { metricsObserver } from "./metrics.ts";

const view = Snapshot.of([endpoint("a")]).view("endpoint");
const node = { id: "n", cluster: "c", encoded: new Uint8Array() };
const client = { node, address: "127.0.0.1:1", certificate: undefined };
const stream: StreamInfo = { id: "1", variant: "delta", client, group: "g" };
const response: Response = {
  kind: "endpoint",
  nonce: "1.1",
  view,
  resources: [],
  removed: [],
  unresolved: [],
  heartbeats: [],
};
const rejection = { code: 3, message: "no", at: 0, nonce: "1", versions: new Map() };

test("what happens is counted, and load reports are the sum of what proxies saw", async () => {
  const registry = new Registry();
  const observer = metricsObserver(registry);
  observer.opened?.(stream);
  observer.opened?.(stream);
  observer.closed?.(stream);
  observer.refused?.({}, "may not");
  observer.sent?.(stream, response, 100);
  observer.sent?.(stream, response, 20);
  observer.acknowledged?.(stream, response, 30, undefined);
  observer.rejected?.(stream, response, rejection);
  observer.pushed?.("g", ["endpoint"], 1, 5);
  for (const succeeded of [3, 4]) {
    const report = { node: "n", cluster: "a", locality: "r/z", succeeded, failed: 1, issued: 5, inProgress: 0 };
    observer.loadReported?.(report);
  }
  const text = await registry.metrics();
  for (const line of [
    'xds_streams{variant="delta",group="g"} 1',
    "xds_streams_refused_total 1",
    'xds_responses_total{type="endpoint"} 2',
    'xds_response_bytes_total{type="endpoint"} 120',
    'xds_acknowledged_seconds_count{type="endpoint"} 1',
    'xds_rejected_total{type="endpoint"} 1',
    'xds_push_seconds_count{group="g"} 1',
    'xds_load_requests_total{cluster="a",locality="r/z",outcome="succeeded"} 7',
    'xds_load_requests_total{cluster="a",locality="r/z",outcome="failed"} 2',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});
