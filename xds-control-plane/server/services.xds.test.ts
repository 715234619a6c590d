import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { cluster, endpoint, listener, runtime, secret } from "../conformance/fixtures.ts";
import { startOurs } from "../conformance/ours.ts";
import { connect, RawStream } from "../conformance/raw-client.ts";
import { Session } from "../conformance/subject.ts";
import { messageType } from "../proto/descriptors.ts";
import type { Admit } from "./client.ts";
import { Refusal } from "./client.ts";
import type { LoadReport } from "./load-report.ts";

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function started(options: Parameters<typeof startOurs>[0] = {}): Promise<Awaited<ReturnType<typeof startOurs>>> {
  const ours = await startOurs(options);
  open.push(() => ours.close());
  return ours;
}

function client(port: number): Client {
  const made = connect(port);
  open.push(() => made.close());
  return made;
}

describe("obligation 13: a resource with a TTL is renewed by a heartbeat without content, its version unchanged", () => {
  test.each(["sotw", "delta"] as const)("%s", async (variant) => {
    const ours = await started();
    await ours.serve([runtime("t", 1, 600)]);
    const session = new Session(ours, variant, true);
    open.push(() => session.close());
    const type = session.of("runtime");
    type.subscribe(["t"]);
    const first = (await type.accept()).resources[0];
    expect([first?.hasContent, first?.ttl]).toEqual([true, 0.6]);
    const beat = (await type.accept()).resources[0];
    expect([beat?.name, beat?.hasContent, beat?.version, beat?.ttl]).toEqual(["t", false, first?.version, 0.6]);
  });
});

interface ClientConfig {
  readonly node: { readonly id: string };
  readonly genericXdsConfigs: readonly {
    readonly name: string;
    readonly configStatus: string;
    readonly errorState?: { readonly details: string };
  }[];
}

/** What CSDS says of each resource, by name. */
async function statuses(port: number): Promise<Record<string, string>> {
  const request = messageType("envoy.service.status.v3.ClientStatusRequest");
  const response = messageType("envoy.service.status.v3.ClientStatusResponse");
  const { promise, resolve, reject } = Promise.withResolvers<readonly ClientConfig[]>();
  client(port).makeUnaryRequest(
    "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
    () => Buffer.from(request.encode({}).finish()),
    (bytes) =>
      (response.toObject(response.decode(bytes), { enums: String }) as { config?: ClientConfig[] }).config ?? [],
    {},
    (error, configs) => (error === null ? resolve(configs ?? []) : reject(error)),
  );
  const configs = await promise;
  return Object.fromEntries(
    configs.flatMap(({ node, genericXdsConfigs }) =>
      genericXdsConfigs.map((each) => [
        `${node.id} ${each.name}`,
        each.errorState === undefined ? each.configStatus : `${each.configStatus}: ${each.errorState.details}`,
      ]),
    ),
  );
}

describe("obligation 14: the client status service tells of each resource", () => {
  test("SYNCED, STALE, NOT_SENT, and ERROR with what the client said", async () => {
    const ours = await started();
    await ours.serve([cluster("a"), cluster("b"), endpoint("a"), endpoint("b"), listener("l", 1, "r")].slice(0, 4));
    const stream = RawStream.open(client(ours.port), "delta");
    open.push(() => stream.close());
    stream.send("cluster", { node: { id: "n" } });
    const clusters = await stream.next();
    expect(await statuses(ours.port)).toEqual({ "n a": "STALE", "n b": "STALE" });
    stream.answer(clusters, {}, "Error adding/updating cluster(s) b: no");
    stream.send("endpoint", { resourceNamesSubscribe: ["a"] });
    const endpoints = await stream.next();
    stream.answer(endpoints);
    await expect
      .poll(() => statuses(ours.port))
      .toEqual({ "n a": "SYNCED", "n b": "ERROR: Error adding/updating cluster(s) b: no" });
    // A cluster that changed waits for the one before to be acknowledged.
    await ours.serve([cluster("a", 2), cluster("b"), endpoint("a", 81), endpoint("b")]);
    await stream.next();
    stream.send("secret", { resourceNamesSubscribe: ["none"] });
    await expect.poll(() => statuses(ours.port)).toMatchObject({ "n a": "STALE" });
  });
});

describe("the load reporting service", () => {
  test("asks for all clusters, and hands reports on", async () => {
    const reports: LoadReport[] = [];
    const ours = await started({
      loadReportsEveryMs: 1_500,
      observer: { loadReported: (report) => reports.push(report) },
    });
    const request = messageType("envoy.service.load_stats.v3.LoadStatsRequest");
    const response = messageType("envoy.service.load_stats.v3.LoadStatsResponse");
    const call: ClientDuplexStream<object, object> = client(ours.port).makeBidiStreamRequest(
      "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats",
      (message: object) => Buffer.from(request.encode(message).finish()),
      (bytes) => response.toObject(response.decode(bytes), { longs: Number }),
    );
    call.on("error", () => undefined);
    open.push(() => call.cancel());
    const asked = new Promise<object>((resolve) => call.once("data", resolve));
    call.write({ node: { id: "n" } });
    expect(await asked).toEqual({ sendAllClusters: true, loadReportingInterval: { seconds: 1, nanos: 500_000_000 } });
    const upstreamLocalityStats = [
      { locality: { region: "r", zone: "z" }, totalSuccessfulRequests: 7, totalErrorRequests: 2 },
    ];
    call.write({ clusterStats: [{ clusterName: "a", upstreamLocalityStats }] });
    await expect
      .poll(() => reports)
      .toEqual([{ node: "n", cluster: "a", locality: "r/z", succeeded: 7, failed: 2, issued: 0, inProgress: 0 }]);
  });
});

describe("who is not served", () => {
  const refuse: Admit = ({ node }) => {
    if (node.id === "stranger") throw new Refusal("stranger may have nothing");
    return "all";
  };

  test.each([
    ["a node that may not", { node: { id: "stranger" } }, "PERMISSION_DENIED: stranger may have nothing"],
    ["a stream that names no node", {}, "INVALID_ARGUMENT: the first message of a stream must name its node"],
  ])("%s: its stream ends with the reason, others go on", async (_sentence, message, reason) => {
    const ours = await started({ admit: refuse });
    await ours.serve([endpoint("a")]);
    const good = RawStream.open(client(ours.port), "delta");
    open.push(() => good.close());
    good.send("endpoint", { node: { id: "n" }, resourceNamesSubscribe: ["a"] });
    await good.next();
    const bad = RawStream.open(client(ours.port), "delta");
    bad.send("endpoint", { ...message, resourceNamesSubscribe: ["a"] });
    expect((await bad.end()).message).toContain(reason);
    good.send("endpoint", { resourceNamesSubscribe: ["a"] });
  });

  test("a client that is admitted no longer: its stream ends when they are reviewed, others go on", async () => {
    const refused = new Set<string>();
    const admit: Admit = ({ node }) => {
      if (refused.has(node.id)) throw new Refusal("no more");
      return "all";
    };
    const ours = await started({ admit });
    await ours.serve([endpoint("a")]);
    const [one, other] = ["one", "other"].map((id) => {
      const stream = RawStream.open(client(ours.port), "delta");
      stream.send("endpoint", { node: { id }, resourceNamesSubscribe: ["a"] });
      return stream;
    }) as [RawStream, RawStream];
    open.push(() => other.close());
    const [, { nonce }] = await Promise.all([one.next(), other.next()]);
    refused.add("one");
    ours.server.review();
    expect((await one.end()).message).toContain("PERMISSION_DENIED: no more");
    other.send("endpoint", { responseNonce: nonce });
    await ours.serve([endpoint("a", 81)]);
    expect((await other.next()).names).toEqual(["a"]);
  });

  test("a secret never stands in what an observer or the status service is told of a rejection", async () => {
    const ours = await started();
    await ours.serve([secret("s", "canary-value")]);
    const stream = RawStream.open(client(ours.port), "delta");
    open.push(() => stream.close());
    stream.send("secret", { node: { id: "n" }, resourceNamesSubscribe: ["s"] });
    await stream.next();
    expect(JSON.stringify(await statuses(ours.port))).not.toContain("canary-value");
  });
});

describe("closing", () => {
  test("a connection that is old enough is closed, so that proxies spread anew", async () => {
    const ours = await started({ connectionAgeMs: 200 });
    await ours.serve([endpoint("a")]);
    const stream = RawStream.open(client(ours.port), "delta");
    stream.send("endpoint", { node: { id: "n" }, resourceNamesSubscribe: ["a"] });
    await stream.next();
    await stream.end();
  });

  test("ends every stream with UNAVAILABLE, and frees the port", async () => {
    const ours = await startOurs();
    await ours.serve([endpoint("a")]);
    const stream = RawStream.open(client(ours.port), "delta");
    stream.send("endpoint", { node: { id: "n" }, resourceNamesSubscribe: ["a"] });
    await stream.next();
    await ours.close();
    expect((await stream.end()).message).toContain("UNAVAILABLE");
    const late = new Client(`127.0.0.1:${ours.port}`, credentials.createInsecure());
    open.push(() => late.close());
    const call = RawStream.open(late, "delta");
    call.send("endpoint", { node: { id: "n" } });
    expect((await call.end()).message).toContain("UNAVAILABLE");
  });
});
