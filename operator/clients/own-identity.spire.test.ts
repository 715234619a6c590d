import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createNetServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Spire } from "#e2e/spire/spire.ts";
import { exactly } from "#spiffe/authorize.ts";
import { spiffeId } from "#spiffe/spiffe-id.ts";
import { createTlsServer } from "#spiffe/tls/server.ts";
import { X509Source } from "#spiffe/x509-source.ts";
import { type Connection, connect } from "./http.ts";
import { dialByIdentity } from "./own-identity.ts";

const [OPERATOR, KEYSTONE, OTHER] = ["nephele-operator", "default-keystone", "other"].map(
  (account) => `spiffe://cloud.test/ns/nephele-system/sa/${account}`,
) as [string, string, string];

const open: (() => unknown)[] = [];
let spire: Spire;
let port: number;

beforeAll(async () => {
  spire = await Spire.start({ trustDomain: "cloud.test", withIntermediate: true });
  open.push(() => spire.stop());
  for (const id of [OPERATOR, KEYSTONE, OTHER]) await spire.enter(new URL(id).pathname);
  const keystone = createServer((request, response) => response.end(JSON.stringify({ path: request.url })));
  const server = createTlsServer(await sourceOf(KEYSTONE), {
    authorize: exactly(spiffeId(OPERATOR)),
    onConnection: (socket) => keystone.emit("connection", socket),
    onRefused: () => undefined,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(() => server.close());
  ({ port } = server.address() as AddressInfo);
}, 300_000);
afterAll(async () => {
  for (const close of open.reverse()) await close();
});

async function sourceOf(id: string): Promise<X509Source> {
  const source = await X509Source.open({ address: spire.address, id: spiffeId(id) }, AbortSignal.timeout(60_000));
  open.push(() => source.close());
  return source;
}

/** A connection to a service, which shows who `own` is, and wants `peer`. */
async function connectionOf(own: string, peer: string): Promise<Connection> {
  const source = await sourceOf(own);
  const dial = dialByIdentity(() => Promise.resolve(source))(peer);
  const connection = connect({ service: "keystone", baseUrl: `https://127.0.0.1:${port}`, dial, timeoutMs: 3_000 });
  open.push(() => connection.close());
  return connection;
}

const request = { method: "POST", route: "/v3/auth/tokens", json: {} } as const;

test("a service is asked by our own identity, whatever its address is called", async () => {
  const connection = await connectionOf(OPERATOR, KEYSTONE);
  expect((await connection.send(request)).json()).toEqual({ path: "/v3/auth/tokens" });
});

test.each([
  [
    "one that is somebody else is not asked, and it is said who was there",
    OPERATOR,
    OTHER,
    /default-keystone is not one/,
  ],
  ["one that does not let us in does not answer", OTHER, KEYSTONE, /no connection or a broken one/],
])("%s", async (_says, own, peer, problem) => {
  const connection = await connectionOf(own, peer);
  await expect(connection.send(request)).rejects.toThrow(problem);
});

test("of one that takes the connection and says nothing it is told what did not come", async () => {
  const silent = createNetServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  open.push(() => silent.close());
  const source = await sourceOf(OPERATOR);
  const dial = dialByIdentity(() => Promise.resolve(source))(KEYSTONE);
  const { port: at } = silent.address() as AddressInfo;
  const connection = connect({ service: "keystone", baseUrl: `https://127.0.0.1:${at}`, dial });
  open.push(() => connection.close());
  await expect(connection.send(request)).rejects.toThrow(`no TLS handshake with 127.0.0.1:${at} within 5 s`);
});

test("without an identity of ours nobody is asked, and the reason is told", async () => {
  const dial = dialByIdentity(() => Promise.reject(new Error("no identity for the operator")))(KEYSTONE);
  const connection = connect({ service: "keystone", baseUrl: `https://127.0.0.1:${port}`, dial });
  open.push(() => connection.close());
  await expect(connection.send(request)).rejects.toThrow(/no identity for the operator/);
});
