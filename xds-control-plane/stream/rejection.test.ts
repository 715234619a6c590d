import { expect, test } from "vitest";
import { cluster, endpoint, listener, route } from "../conformance/fixtures.ts";
import type { Kind } from "../proto/kinds.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { FuzzClient } from "./fuzz-client.ts";

/** Kinds that a new proxy was sent, when it has answered the clusters, and asked for the endpoints of the good one only. */
function sentAfterClusters(error: string | undefined): readonly Kind[] {
  const client = new FuzzClient("delta");
  client.serve(
    Snapshot.of([
      ...[cluster("good"), endpoint("good"), cluster("bad"), endpoint("bad")],
      ...[listener("in", 10_000, "routes"), route("routes", "good")],
    ]),
  );
  for (const kind of ["cluster", "listener"] as const) client.request(kind, ["*"], []);
  client.answer(error);
  client.request("endpoint", ["good"], []);
  client.answer();
  return [...client.has.keys(), ...client.unanswered.map(({ kind }) => kind)];
}

test("listeners do not wait for a rejected cluster's endpoints, which nobody will ask for", () => {
  expect(sentAfterClusters("Error adding/updating cluster(s) bad: no")).toContain("listener");
});

test("control: they wait for the endpoints of a cluster that was accepted", () => {
  expect(sentAfterClusters(undefined)).not.toContain("listener");
});
