import { describe, expect, test } from "vitest";
import { cluster, endpoint, listener, route } from "../conformance/fixtures.ts";
import type { Kind } from "../proto/kinds.ts";
import type { Resource } from "../snapshot/resource.ts";
import { Snapshot } from "../snapshot/snapshot.ts";
import { clientStatus } from "./client-status.ts";
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

describe.each(["delta", "sotw"] as const)("a rejection on a stream of %s", (variant) => {
  const common = [cluster("good"), endpoint("good"), route("routes", "good")];
  const [a, b] = ["a", "b"].map((name, at) => (comment: string) => listener(name, 10_000 + at, "routes", comment)) as [
    (comment: string) => Resource,
    (comment: string) => Resource,
  ];
  const client = (): FuzzClient => {
    const made = new FuzzClient(variant);
    made.serve(Snapshot.of(common));
    made.request("route", ["routes"], []);
    made.request("listener", ["*"], []);
    while (made.unanswered.length > 0) made.answer();
    return made;
  };
  /** What the client answers to these listeners and those that are there no more. */
  const serve = (of: FuzzClient, listeners: readonly Resource[], error?: string): void => {
    of.serve(Snapshot.of([...common, ...listeners]));
    of.answer(error);
    while (of.unanswered.length > 0) of.answer();
  };
  const rejected = (of: FuzzClient): Readonly<Record<string, string>> =>
    Object.fromEntries(
      clientStatus(of.state).flatMap(({ name, rejection }) =>
        rejection === undefined ? [] : [[name, rejection.message]],
      ),
    );
  const [badA, badB] = ["listener a: no", "listener b: never"];

  test("stands while others are taken, and each with its own words", () => {
    const of = client();
    serve(of, [a("1"), b("1")], badA);
    serve(of, [a("1"), b("2")], variant === "delta" ? badB : `${badA}; ${badB}`);
    const words = variant === "delta" ? [badA, badB] : [`${badA}; ${badB}`, `${badA}; ${badB}`];
    expect(rejected(of)).toEqual({ a: words[0], b: words[1] });
    serve(of, [a("1"), b("3")], variant === "delta" ? undefined : badA);
    expect(rejected(of)).toEqual({ a: badA });
    expect(of.state.types.listener?.rejections).toHaveLength(1);
  });

  test.each([
    ["is replaced", [a("2"), b("1")]],
    ["is gone", [b("1")]],
  ])("ends where what was rejected %s, and the client takes that", (_how, listeners) => {
    const of = client();
    serve(of, [a("1"), b("1")], badA);
    expect(of.state.types.listener?.rejections).toHaveLength(1);
    serve(of, listeners);
    expect(of.state.types.listener?.rejections).toEqual([]);
  });
});
