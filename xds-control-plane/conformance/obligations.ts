import assert from "node:assert/strict";
import type { Variant } from "../stream/messages.ts";
import { cluster, endpoint, listener, route, runtime, secret } from "./fixtures.ts";
import type { Session } from "./subject.ts";

/** A rule of the protocol as a test at the level of messages. */
export interface Case {
  /** Its number in the list of obligations (xds-control-plane/README.md). */
  readonly obligation: number;
  readonly title: string;
  readonly variants: readonly Variant[];
  /** True: on aggregated streams only; false: on either. */
  readonly aggregatedOnly: boolean;
  readonly run: (session: Session) => Promise<void>;
}

const both = ["sotw", "delta"] as const;

function rule(
  obligation: number,
  title: string,
  variants: readonly Variant[],
  run: (session: Session) => Promise<void>,
  aggregatedOnly = false,
): Case {
  return { obligation, title, variants, aggregatedOnly, run };
}

/** What is not to be sent is shown by something that is: the next response must be that. */
export const cases: readonly Case[] = [
  rule(1, "every type is served, with its name and type", both, async (session) => {
    await session.serve(
      cluster("a"),
      endpoint("a"),
      listener("l", 10_000, "r"),
      route("r", "a"),
      secret("s"),
      runtime("t", 1),
    );
    for (const [kind, name] of [
      ["cluster", "a"],
      ["endpoint", "a"],
      ["listener", "l"],
      ["route", "r"],
      ["secret", "s"],
      ["runtime", "t"],
    ] as const) {
      const type = session.of(kind);
      type.subscribe([name]);
      assert.deepEqual((await type.accept()).names, [name]);
    }
  }),

  rule(2, "the node comes on the first message of a stream only", both, async (session) => {
    await session.serve(endpoint("a"), endpoint("b"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a"]);
    await endpoints.accept();
    endpoints.subscribe(["b"]);
    assert.ok((await endpoints.next()).names.includes("b"));
  }),
  rule(2, "a nonce is not used on a second stream", both, async (session) => {
    await session.serve(endpoint("a"));
    const nonces: string[] = [];
    for (let times = 0; times < 2; times += 1) {
      const endpoints = session.of("endpoint");
      // A nonce of the former stream means nothing on this one: the request is a first one.
      endpoints.subscribe(["a"], nonces[0] === undefined ? {} : { responseNonce: nonces[0] });
      nonces.push((await endpoints.accept()).nonce);
      session.reconnect();
    }
    assert.notEqual(nonces[0], nonces[1]);
  }),

  rule(3, "what was rejected is not sent again until it changes", both, async (session) => {
    await session.serve(endpoint("a", 80), endpoint("b", 80));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a", "b"]);
    await endpoints.accept();
    await session.serve(endpoint("a", 81), endpoint("b", 81));
    endpoints.reject(await endpoints.next(), "a: no");
    await session.serve(endpoint("a", 81), endpoint("b", 82));
    assert.deepEqual((await endpoints.accept()).names, ["b"]);
    await session.serve(endpoint("a", 83), endpoint("b", 82));
    assert.deepEqual((await endpoints.accept()).names, ["a"]);
  }),
  rule(3, "a rejection may carry a changed subscription", both, async (session) => {
    await session.serve(endpoint("a"), endpoint("b"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a"]);
    endpoints.reject(await endpoints.next(), "a: no", ["b"]);
    assert.ok((await endpoints.next()).names.includes("b"));
  }),

  rule(4, "a request with a stale nonce is not answered", ["sotw"], async (session) => {
    await session.serve(endpoint("a", 80), endpoint("b"), endpoint("c"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a"]);
    const first = await endpoints.accept();
    await session.serve(endpoint("a", 81), endpoint("b"), endpoint("c"));
    const second = await endpoints.next();
    endpoints.stream.send("endpoint", { resourceNames: ["a", "b"], responseNonce: first.nonce });
    endpoints.stream.answer(second, { resourceNames: ["a", "c"] });
    const third = await endpoints.next();
    assert.ok(third.names.includes("c") && !third.names.includes("b"), `got ${third.names.join(", ")}`);
  }),
  rule(4, "a changed subscription counts with a stale nonce", ["delta"], async (session) => {
    await session.serve(endpoint("a", 80), endpoint("b"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a"]);
    const first = await endpoints.accept();
    await session.serve(endpoint("a", 81), endpoint("b"));
    const second = await endpoints.next();
    endpoints.subscribe(["b"], { responseNonce: first.nonce });
    endpoints.acknowledge(second);
    assert.deepEqual((await endpoints.next()).names, ["b"]);
  }),

  rule(5, "clusters carry the full state each time, endpoints need not", ["sotw"], async (session) => {
    await session.serve(cluster("a", 1), cluster("b", 1), endpoint("a"), endpoint("b"));
    const clusters = session.of("cluster");
    clusters.subscribe([]);
    assert.deepEqual((await clusters.accept()).names, ["a", "b"]);
    await session.serve(cluster("a", 1), cluster("b", 2), endpoint("a"), endpoint("b"));
    assert.deepEqual((await clusters.accept()).names, ["a", "b"]);
  }),
  rule(5, "no name stands twice in a response", both, async (session) => {
    await session.serve(endpoint("a"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a", "a"]);
    assert.deepEqual((await endpoints.next()).names, ["a"]);
  }),

  rule(6, "a resource that is asked for again is sent though it did not change", both, async (session) => {
    await session.serve(endpoint("a"), endpoint("b"), endpoint("c"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a", "b"]);
    await endpoints.accept();
    if (session.variant === "sotw") {
      endpoints.unsubscribe(["a"]);
      endpoints.subscribe(["a"]);
      assert.ok((await endpoints.accept()).names.includes("a"));
    } else {
      endpoints.subscribe(["a"]);
      endpoints.subscribe(["c"]);
      const first = await endpoints.accept();
      assert.ok(first.names.includes("a"), `asked for a again, and got ${first.names.join(", ")}`);
    }
  }),

  rule(
    7,
    "a name that does not exist is answered as removed, remembered, and sent when it appears",
    ["delta"],
    async (session) => {
      await session.serve(endpoint("b"));
      const endpoints = session.of("endpoint");
      endpoints.subscribe(["a"]);
      endpoints.subscribe(["b"]);
      const removed: string[] = [];
      for (let names: readonly string[] = []; !names.includes("b"); ) {
        const response = await endpoints.accept();
        removed.push(...response.removed);
        names = response.names;
      }
      assert.deepEqual(removed, ["a"]);
      await session.serve(endpoint("a"), endpoint("b"));
      assert.deepEqual((await endpoints.next()).names, ["a"]);
    },
  ),
  rule(7, "a secret that does not exist, or vanishes, is never answered as removed", ["delta"], async (session) => {
    await session.serve(secret("b"));
    const secrets = session.of("secret");
    secrets.subscribe(["a"]);
    secrets.subscribe(["b"]);
    const first = await secrets.accept();
    assert.deepEqual([first.names, first.removed], [["b"], []]);
    await session.serve(secret("a"), secret("b"));
    assert.deepEqual((await secrets.accept()).names, ["a"]);
    await session.serve(secret("b", "other"));
    const changed = await secrets.accept();
    assert.deepEqual([changed.names, changed.removed], [["b"], []]);
    // A removal may also come by itself, after the change that it was made with.
    await session.serve(secret("b", "another"));
    const last = await secrets.next();
    assert.deepEqual([last.names, last.removed], [["b"], []]);
  }),

  rule(8, "unsubscribing from a name while subscribed to all is answered with it", ["delta"], async (session) => {
    await session.serve(cluster("a"), endpoint("a"));
    const clusters = session.of("cluster");
    clusters.subscribe(["*", "a"]);
    await clusters.accept();
    clusters.unsubscribe(["a"]);
    assert.deepEqual((await clusters.accept()).names, ["a"]);
    clusters.unsubscribe(["none"]);
    assert.deepEqual((await clusters.accept()).removed, ["none"]);
  }),
  rule(8, "no names mean all until a name was given, and never again", both, async (session) => {
    await session.serve(cluster("a"), cluster("b"), endpoint("a"), endpoint("b"));
    const clusters = session.of("cluster");
    clusters.subscribe([]);
    assert.deepEqual((await clusters.accept()).names, ["a", "b"]);
    clusters.subscribe(["a"]);
    await clusters.accept();
    clusters.unsubscribe(["*", "a"]);
    clusters.subscribe(["b"]);
    let last = await clusters.accept();
    if (last.names.length === 0) last = await clusters.accept();
    assert.deepEqual(last.names, ["b"]);
  }),

  rule(9, "after a reconnect only what changed is sent, and what vanished is removed", ["delta"], async (session) => {
    await session.serve(endpoint("a", 80), endpoint("b", 80), endpoint("c", 80));
    const before = session.of("endpoint");
    before.subscribe(["a", "b", "c"]);
    const { resources } = await before.accept();
    session.reconnect();
    await session.serve(endpoint("a", 80), endpoint("b", 81));
    if (session.isAggregated) {
      // A client that comes back asks for all its types.
      const listeners = session.of("listener");
      listeners.subscribe([]);
      await listeners.accept();
    }
    const after = session.of("endpoint");
    const initialResourceVersions = Object.fromEntries(resources.map(({ name, version }) => [name, version]));
    after.subscribe(["a", "b", "c"], { initialResourceVersions });
    const [sent, removed] = [new Set<string>(), new Set<string>()];
    while (!sent.has("b") || !removed.has("c")) {
      const response = await after.accept();
      for (const name of response.names) sent.add(name);
      for (const name of response.removed) removed.add(name);
    }
    assert.deepEqual([[...sent], [...removed]], [["b"], ["c"]]);
  }),

  rule(
    10,
    "changes are made in order, and what is gone is removed after the routes that used it were acknowledged",
    both,
    makeBeforeBreak,
    true,
  ),

  rule(
    11,
    "endpoints are sent again after their cluster changed",
    both,
    async (session) => {
      await session.serve(cluster("a", 1), endpoint("a"));
      const [clusters, endpoints] = [session.of("cluster"), session.of("endpoint")];
      clusters.subscribe([]);
      await clusters.accept();
      endpoints.subscribe(["a"]);
      await endpoints.accept();
      await session.serve(cluster("a", 2), endpoint("a"));
      assert.deepEqual((await clusters.accept()).names, ["a"]);
      assert.deepEqual((await endpoints.accept()).names, ["a"]);
    },
    true,
  ),
  rule(
    11,
    "routes are sent again after their listener changed",
    both,
    async (session) => {
      const rest = [cluster("a"), endpoint("a"), route("r", "a")];
      await session.serve(listener("l", 10_000, "r", "one"), ...rest);
      const [listeners, routes] = [session.of("listener"), session.of("route")];
      listeners.subscribe([]);
      await listeners.accept();
      routes.subscribe(["r"]);
      await routes.accept();
      await session.serve(listener("l", 10_000, "r", "two"), ...rest);
      assert.deepEqual((await listeners.accept()).names, ["l"]);
      assert.deepEqual((await routes.accept()).names, ["r"]);
    },
    true,
  ),

  rule(
    12,
    "clusters are not sent before they were asked for",
    both,
    async (session) => {
      await session.serve(cluster("a", 1), endpoint("a", 80));
      const endpoints = session.of("endpoint");
      endpoints.subscribe(["a"]);
      await endpoints.accept();
      await session.serve(cluster("a", 2), endpoint("a", 80));
      await session.serve(cluster("a", 2), endpoint("a", 81));
      // Of another type it would throw.
      assert.deepEqual((await endpoints.next()).names, ["a"]);
    },
    true,
  ),
  rule(12, "requests for one name each are answered together", ["delta"], async (session) => {
    const names = Array.from({ length: 40 }, (_, at) => `e${at}`);
    await session.serve(...names.map((name) => endpoint(name)));
    const endpoints = session.of("endpoint");
    for (const name of names) endpoints.subscribe([name]);
    const got = new Set<string>();
    let responses = 0;
    while (got.size < names.length) {
      for (const name of (await endpoints.accept()).names) got.add(name);
      responses += 1;
    }
    assert.ok(responses <= names.length / 2, `${responses} responses for ${names.length} requests`);
  }),

  rule(14, "responses name the control plane", both, async (session) => {
    await session.serve(endpoint("a"));
    const endpoints = session.of("endpoint");
    endpoints.subscribe(["a"]);
    assert.notEqual((await endpoints.next()).identifier, "");
  }),
];

/** Routes move from one cluster to another, and the former goes. */
async function makeBeforeBreak(session: Session): Promise<void> {
  const l = listener("l", 10_000, "r");
  await session.serve(cluster("old"), endpoint("old"), l, route("r", "old"));
  const types = {
    cluster: session.of("cluster"),
    endpoint: session.of("endpoint"),
    listener: session.of("listener"),
    route: session.of("route"),
  };
  types.cluster.subscribe([]);
  await types.cluster.accept();
  types.endpoint.subscribe(["old"]);
  await types.endpoint.accept();
  types.listener.subscribe([]);
  await types.listener.accept();
  types.route.subscribe(["r"]);
  await types.route.accept();

  await session.serve(cluster("new"), endpoint("new"), l, route("r", "new"));
  const made = await types.cluster.accept();
  const expected = session.variant === "sotw" ? ["new", "old"] : ["new"];
  assert.deepEqual([made.names, made.removed], [expected, []], "the new cluster comes, and the old one stays");
  types.endpoint.subscribe(["new"]);
  assert.ok((await types.endpoint.accept()).names.includes("new"), "then the new cluster's endpoints");
  const moved = await types.route.accept();
  assert.deepEqual(moved.names, ["r"], "then the routes");
  const broken = await types.cluster.accept();
  const last = session.variant === "sotw" ? [["new"], []] : [[], ["old"]];
  assert.deepEqual([broken.names, broken.removed], last, "and only then the old cluster goes");
}
