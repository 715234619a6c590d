import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cluster, endpoint, secret } from "../conformance/fixtures.ts";
import { startOurs } from "../conformance/ours.ts";
import { connect, RawStream } from "../conformance/raw-client.ts";
import type { Client } from "./client.ts";

const soon = { timeout: 20_000, interval: 10 };
const open: (() => Promise<void> | void)[] = [];
/** What was told of streams that were ended, and how many responses were written to each node. */
let refused: string[];
let sent: Map<string, number>;
let ours: Awaited<ReturnType<typeof startOurs>>;
let good: RawStream;

/** A control plane with a proxy that is served, and is to be served still after each test. */
beforeEach(async () => {
  [refused, sent] = [[], new Map()];
  ours = await startOurs({
    // Nothing that a stream waits for comes of itself, however slow the machine.
    ordering: { patienceMs: 600_000 },
    admit: ({ node }) => (node.id === "early" ? "without a snapshot" : "all"),
    observer: {
      refused: (client: Partial<Client>, reason) => refused.push(`${client.node?.id}: ${reason}`),
      sent: ({ client }) => sent.set(client.node.id, (sent.get(client.node.id) ?? 0) + 1),
    },
  });
  open.push(() => ours.close());
  await ours.serve([endpoint("a"), endpoint("b")]);
  good = opened();
  good.send("endpoint", { node: { id: "good" }, resourceNamesSubscribe: ["a"] });
  good.answer(await good.next());
});
afterEach(async () => {
  try {
    await ours.serve([endpoint("a", 81)]);
    expect((await good.next()).names).toEqual(["a"]);
  } finally {
    for (const close of open.splice(0).reverse()) await close();
  }
});

/** The intervals of this length, milliseconds, that run of those begun from now on. */
function intervals(ms: number): ReadonlySet<unknown> {
  const running = new Set<unknown>();
  const [begin, end] = [globalThis.setInterval, globalThis.clearInterval];
  const begun = vi.spyOn(globalThis, "setInterval").mockImplementation((...given: Parameters<typeof setInterval>) => {
    const interval = begin(...given);
    if (given[1] === ms) running.add(interval);
    return interval;
  });
  const ended = vi.spyOn(globalThis, "clearInterval").mockImplementation((interval) => {
    running.delete(interval);
    end(interval);
  });
  open.push(() => {
    begun.mockRestore();
    ended.mockRestore();
  });
  return running;
}

function opened(): RawStream {
  const client = connect(ours.port);
  const stream = RawStream.open(client, "delta");
  open.push(
    () => client.close(),
    () => stream.close(),
  );
  return stream;
}

const names = (count: number, from = 0): readonly string[] => Array.from({ length: count }, (_, at) => `e${from + at}`);

describe("a client ends its own stream, and no other's,", () => {
  test("by what is no message", async () => {
    const client = connect(ours.port);
    open.push(() => client.close());
    const call = client.makeBidiStreamRequest(
      "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
    );
    const ended = new Promise<Error>((resolve) => call.once("error", resolve));
    call.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    await ended;
  });

  test("by more names than a request may hold", async () => {
    const bad = opened();
    bad.send("endpoint", { node: { id: "bad" }, resourceNamesSubscribe: names(100_001) });
    await bad.end();
  });

  test("by a million names, some in each of many requests", async () => {
    const bad = opened();
    for (let from = 0; from < 1_000_000; from += 50_000) {
      bad.send("endpoint", { node: { id: "bad" }, resourceNamesSubscribe: names(50_000, from) });
    }
    expect((await bad.end()).message).toContain("RESOURCE_EXHAUSTED: it asks for more than 100000 names of a type");
    expect(refused).toEqual(["bad: it asks for more than 100000 names of a type"]);
  });

  test("by dropping a million names of which it has all, and which are owed to it then", async () => {
    const bad = opened();
    bad.send("cluster", { node: { id: "bad" }, resourceNamesSubscribe: ["*"] });
    await bad.next();
    for (let from = 0; from < 1_000_000; from += 50_000) {
      bad.send("cluster", { resourceNamesUnsubscribe: names(50_000, from) });
    }
    expect((await bad.end()).message).toContain("it asks for more than 100000 names of a type");
  });

  test.each([
    ["a name", { resourceNamesSubscribe: ["e".repeat(70_000)] }, "it asks for a name of more than 65536 bytes"],
    [
      "a version that it says it has",
      { initialResourceVersions: { a: "1".repeat(70_000) } },
      "it asks for a name of more than 65536 bytes",
    ],
    ["a node", { node: { id: "bad", cluster: "c".repeat(1_100_000) } }, "its node is of more than 1048576 bytes"],
  ])("by %s that is too long", async (_, message, reason) => {
    const bad = opened();
    bad.send("endpoint", { node: { id: "bad" }, ...message });
    expect((await bad.end()).message).toContain(`RESOURCE_EXHAUSTED: ${reason}`);
    expect(refused).toHaveLength(1);
  });

  const long = (request: number): readonly string[] =>
    Array.from({ length: 100 }, (_, at) => `${request}-${at}-`.padEnd(60_000, "e"));

  test.each([
    ["endpoint", "resourceNamesSubscribe", "bad"],
    // Before there is an answer.
    ["endpoint", "resourceNamesSubscribe", "early"],
    ["cluster", "resourceNamesUnsubscribe", "bad"],
  ] as const)("by few names that are long (%s, %s, %s)", async (kind, field, id) => {
    const bad = opened();
    bad.send(kind, { node: { id }, resourceNamesSubscribe: [kind === "cluster" ? "*" : "a"] });
    if (kind === "cluster") await bad.next();
    // Six megabytes each; five are within what is kept.
    for (let request = 0; request < 5; request += 1) bad.send(kind, { [field]: long(request) });
    bad.send(kind, { [field]: long(5) });
    expect((await bad.end()).message).toContain("RESOURCE_EXHAUSTED: it asks for names of more than 33554432 bytes");
  });

  test.each([
    ["a flood of requests", 2_000, 1, "it sent more than 1000 requests before there was an answer"],
    ["a million names", 20, 50_000, "it asks for more than 100000 names before there was an answer"],
  ])("by %s, where there is nothing to answer them from", async (_, requests, each, reason) => {
    const bad = opened();
    for (let at = 0; at < requests; at += 1) {
      bad.send("endpoint", { node: { id: "early" }, resourceNamesSubscribe: names(each, at * each) });
    }
    expect((await bad.end()).message).toContain(`RESOURCE_EXHAUSTED: ${reason}`);
  });

  test.each([
    {
      what: "acknowledging what it does not read",
      reads: false,
      ended: ["bad: it acknowledges responses that it does not read"],
    },
    { what: "nothing, where it reads the same (control)", reads: true, ended: [] },
  ])("by $what", async ({ reads, ended }) => {
    // Of streams for which something is due at a time (lookAgainMs).
    const looksAgain = intervals(250);
    const large = "x".repeat(1_000_000);
    const others = [endpoint("a"), cluster("a")];
    await ours.serve([...others, secret("s", large)]);
    const bad = opened();
    // It is waited for, until a time, to ask for the endpoints of a cluster that it has.
    bad.send("cluster", { node: { id: "bad" }, resourceNamesSubscribe: ["*"] });
    bad.answer(await bad.next());
    bad.send("secret", { resourceNamesSubscribe: ["s"] });
    const first = await bad.next();
    if (!reads) bad.pause();
    bad.answer(first);
    const [stream] = first.nonce.split(".");
    await expect.poll(() => looksAgain.size, soon).toBe(1);
    for (let at = 3; refused.length === 0 && at < 60; at += 1) {
      await ours.serve([...others, secret("s", `${large}${at}`)]);
      await expect.poll(() => refused.length === 1 || sent.get("bad") === at, soon).toBe(true);
      if (reads) await bad.next();
      bad.send("secret", { responseNonce: `${stream}.${at}` });
    }
    expect(refused).toEqual(ended);
    if (reads) return;
    // It does not read why; its call ends all the same, and nothing waits for it any more.
    expect((await bad.end()).message).toContain("RESOURCE_EXHAUSTED");
    await expect.poll(() => looksAgain.size, soon).toBe(0);
  });
});

describe("a client is sent no more,", () => {
  test("of a type, until it acknowledges: one that never reads is kept one response of each", async () => {
    await ours.serve([endpoint("a"), secret("s", "1")]);
    const bad = opened();
    bad.send("secret", { node: { id: "bad" }, resourceNamesSubscribe: ["s"] });
    bad.send("endpoint", { resourceNamesSubscribe: ["a"] });
    bad.pause();
    for (let at = 2; at < 100; at += 1) await ours.serve([endpoint("a", at), secret("s", `${at}`)]);
    expect(sent.get("bad")).toBe(2);
    expect(refused).toEqual([]);
  });

  test("though it floods with requests for the same again and again", async () => {
    const bad = opened();
    bad.send("endpoint", { node: { id: "bad" }, resourceNamesSubscribe: ["a"] });
    for (let at = 0; at < 20_000; at += 1) bad.send("endpoint", { resourceNamesSubscribe: ["a"] });
    bad.send("cluster", { resourceNamesSubscribe: ["*"] });
    // What it asked for last is answered: all before it was read, which may take a busy machine its time.
    await expect.poll(() => sent.get("bad"), { ...soon, timeout: 50_000 }).toBe(2);
  });
});
