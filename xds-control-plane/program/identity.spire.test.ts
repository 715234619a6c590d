import { Client, type ClientReadableStream, credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "#e2e/cluster/ports.ts";
import { startEcho } from "#e2e/envoy/echo.ts";
import { type Envoy, type EnvoyOptions, startEnvoy } from "#e2e/envoy/envoy.ts";
import { Spire } from "#e2e/spire/spire.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { exactly } from "#spiffe/authorize.ts";
import { type SpiffeId, spiffeId, trustDomain } from "#spiffe/spiffe-id.ts";
import { SvidChannelCredentials } from "#spiffe/tls/grpc.ts";
import { X509Source } from "#spiffe/x509-source.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "../mesh-fixtures.ts";
import { messageType } from "../proto/descriptors.ts";
import { XdsServer } from "../server/xds-server.ts";
import { openDoor } from "./door.ts";
import { admitBySvid } from "./proxy-identity.ts";
import { Publisher } from "./publisher.ts";

const soon = { timeout: 40_000, interval: 50 };
const domain = "cloud.test";
const [xds, edge, other, stranger] = [
  `spiffe://${domain}/ns/nephele-system/sa/xds`,
  `spiffe://${domain}/ns/team-a/sa/edge-gateway`,
  `spiffe://${domain}/ns/team-b/sa/edge-gateway`,
  "spiffe://away.test/ns/team-a/sa/edge-gateway",
].map(spiffeId) as [SpiffeId, SpiffeId, SpiffeId, SpiffeId];
const proxyName = "gateway/team-a/edge";

let spire: Spire;
let abroad: Spire;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  [spire, abroad] = await Promise.all([
    Spire.start({ trustDomain: domain }),
    Spire.start({ trustDomain: "away.test" }),
  ]);
  // The control plane trusts them as peers of others, and has nothing for them.
  await spire.trust(abroad);
  await abroad.trust(spire);
  for (const id of [xds, edge, other]) await spire.enter(new URL(id).pathname, { federatesWith: ["away.test"] });
  await abroad.enter(new URL(stranger).pathname, { federatesWith: [domain] });
}, 300_000);
afterAll(async () => {
  await spire?.stop();
  await abroad?.stop();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Serving {
  readonly xdsPort: number;
  /** Where the proxy of team-a serves, once it is configured. */
  readonly port: number;
  /** Why streams were refused. */
  readonly refused: string[];
  /** How many connections were refused before any stream. */
  readonly turnedAway: () => number;
}

/** The control plane with a Gateway of team-a and one of team-b, as the program serves them. */
async function serve(): Promise<Serving> {
  const source = await X509Source.open({ address: spire.address, id: xds }, AbortSignal.timeout(40_000));
  const [port, echo] = [await freePort(), await startEcho("app")];
  const proxies = [proxyOf(proxyName, [listenerOn(port, [ruleTo("/", "app")])]), proxyOf("gateway/team-b/edge", [])];
  const mesh: Mesh = meshOf(proxies, [serviceAt("app", [echo.port])]);
  const refused: string[] = [];
  let turnedAway = 0;
  const server = new XdsServer({
    identifier: "test",
    admit: admitBySvid(trustDomain(domain), () => mesh),
    observer: { refused: (_client, reason) => refused.push(reason) },
  });
  const log = createLogger({ level: "fatal" });
  new Publisher(server.snapshots, log).publish(mesh);
  const door = await openDoor(server, source, { host: "127.0.0.1", port: 0 }, log, () => {
    turnedAway += 1;
  });
  open.push(
    () => echo.close(),
    () => source.close(),
    () => server.close(),
    () => door.close(),
  );
  return { xdsPort: door.port, port, refused, turnedAway: () => turnedAway };
}

async function envoy(xdsPort: number, svid: EnvoyOptions["svid"]): Promise<Envoy> {
  const made = await startEnvoy({ id: proxyName, xdsPort, apiType: "DELTA_GRPC", ...(svid && { svid }) });
  open.push(() => made.stop());
  return made;
}

async function status(port: number): Promise<number> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).status;
  } catch {
    return 0;
  }
}

describe("a real Envoy with certificates of the SPIRE agent", () => {
  test("gets what is its SPIFFE ID's; one of another identity that gives the same node id is refused", async () => {
    const { xdsPort, port, refused } = await serve();
    const at = { server: xds, agentSocket: spire.socket };
    await envoy(xdsPort, { own: other, ...at });
    await expect.poll(() => refused.length, soon).toBeGreaterThan(0);
    expect(new Set(refused)).toEqual(new Set([`${other} may not be a proxy of "${proxyName}"`]));
    expect(await status(port)).toBe(0);

    // Control: the same, by the right identity.
    await envoy(xdsPort, { own: edge, ...at });
    await expect.poll(() => status(port), soon).toBe(200);
  });

  test("does not speak to a control plane of another identity", async () => {
    const { xdsPort, port } = await serve();
    const proxy = await envoy(xdsPort, { own: edge, server: other, agentSocket: spire.socket });
    await expect.poll(() => proxy.stat("cluster.xds.ssl.fail_verify_san"), soon).toBeGreaterThan(0);
    expect(await status(port)).toBe(0);
  });

  test("of another trust domain, or in clear text, it does not come in at all", async () => {
    const { xdsPort, port, refused, turnedAway } = await serve();
    await envoy(xdsPort, undefined);
    await expect.poll(turnedAway, soon).toBeGreaterThan(0);
    expect(await status(port)).toBe(0);
    const source = await X509Source.open({ address: abroad.address, id: stranger }, AbortSignal.timeout(40_000));
    open.push(() => source.close());
    expect(await clientStatus(source, xdsPort)).toMatch(/UNAVAILABLE/);
    expect(refused).toEqual([]);
  });
});

/** The node ids that client status shows, or why it shows none. */
async function clientStatus(source: X509Source | undefined, port: number): Promise<readonly string[] | string> {
  const request = messageType("envoy.service.status.v3.ClientStatusRequest");
  const response = messageType("envoy.service.status.v3.ClientStatusResponse");
  const creds = source ? new SvidChannelCredentials(source, exactly(xds)) : credentials.createInsecure();
  const client = new Client(`127.0.0.1:${port}`, creds, { "grpc.use_local_subchannel_pool": 1 });
  open.push(() => client.close());
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
      () => Buffer.from(request.encode({}).finish()),
      (bytes) => response.toObject(response.decode(bytes)) as { config?: { node: { id: string } }[] },
      {},
      { deadline: Date.now() + 20_000 },
      (error, answer) => resolve(error === null ? (answer?.config ?? []).map(({ node }) => node.id) : error.message),
    );
  });
}

describe("beside configuration", () => {
  test("client status shows a proxy those of its own identity alone", async () => {
    const { xdsPort, port } = await serve();
    await envoy(xdsPort, { own: edge, server: xds, agentSocket: spire.socket });
    await expect.poll(() => status(port), soon).toBe(200);
    for (const [id, seen] of [
      [edge, [proxyName]],
      [other, []],
    ] as const) {
      const source = await X509Source.open({ address: spire.address, id }, AbortSignal.timeout(40_000));
      open.push(() => source.close());
      expect(await clientStatus(source, xdsPort)).toEqual(seen);
    }
  });

  test("load is reported for a node by its own identity alone", async () => {
    const { xdsPort } = await serve();
    const request = messageType("envoy.service.load_stats.v3.LoadStatsRequest");
    const report = async (id: SpiffeId): Promise<string> => {
      const source = await X509Source.open({ address: spire.address, id }, AbortSignal.timeout(40_000));
      const client = new Client(`127.0.0.1:${xdsPort}`, new SvidChannelCredentials(source, exactly(xds)), {
        "grpc.use_local_subchannel_pool": 1,
      });
      open.push(
        () => source.close(),
        () => client.close(),
      );
      const stream = client.makeBidiStreamRequest(
        "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats",
        (message: object) => Buffer.from(request.encode(request.fromObject(message)).finish()),
        () => "asked for reports",
      );
      stream.write({ node: { id: proxyName } });
      return firstOf(stream);
    };
    expect(await report(edge)).toBe("asked for reports");
    expect(await report(other)).toContain("may not be a proxy");
  });
});

function firstOf(stream: ClientReadableStream<string>): Promise<string> {
  return new Promise((resolve) => {
    stream.once("data", (said: string) => {
      resolve(said);
      stream.cancel();
    });
    stream.on("error", (error) => resolve(error.message));
  });
}
