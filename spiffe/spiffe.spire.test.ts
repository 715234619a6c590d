import { once } from "node:events";
import { createServer as createHttp2, connect as http2Connect } from "node:http2";
import { createServer as createPlainTls, type TLSSocket, connect as tlsConnect } from "node:tls";
import { Client, Server as GrpcServer } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Spire } from "#e2e/spire/spire.ts";
import {
  clientTls,
  connectionsTo,
  connectTls,
  createTlsServer,
  exactly,
  JwtSource,
  memberOf,
  type SpiffeId,
  SvidChannelCredentials,
  spiffeId,
  trustDomain,
  verifySvid,
  X509Source,
} from "./index.ts";
import { contextOf } from "./tls/context.ts";
import { ask, echo, listening, type Open, say, through } from "./tls/echo-fixtures.ts";

const soon = { timeout: 40_000, interval: 100 };
const patience = () => AbortSignal.timeout(40_000);
const [web, api, other, brief, away] = [
  "spiffe://cloud.test/ns/a/sa/web",
  "spiffe://cloud.test/ns/a/sa/api",
  "spiffe://cloud.test/ns/a/sa/other",
  "spiffe://cloud.test/ns/a/sa/brief",
  "spiffe://away.test/ns/a/sa/web",
].map(spiffeId) as [SpiffeId, SpiffeId, SpiffeId, SpiffeId, SpiffeId];

/** How long the leaves of `brief` live, seconds: SPIRE renews at half of it. */
const briefSeconds = 20;

let home: Spire;
let abroad: Spire;
const open: Open = [];

beforeAll(async () => {
  [home, abroad] = await Promise.all([
    Spire.start({ trustDomain: "cloud.test" }),
    Spire.start({ trustDomain: "away.test" }),
  ]);
  await home.trust(abroad);
  await abroad.trust(home);
  for (const id of [web, api, other]) await home.enter(new URL(id).pathname, { federatesWith: ["away.test"] });
  await home.enter(new URL(brief).pathname, { leafSeconds: briefSeconds });
  await abroad.enter(new URL(away).pathname, { federatesWith: ["cloud.test"] });
}, 300_000);
afterAll(async () => {
  await home?.stop();
  await abroad?.stop();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function source(id: SpiffeId, spire = home, onProblem?: (problem: Error) => void): Promise<X509Source> {
  const made = await X509Source.open({ address: spire.address, id, ...(onProblem && { onProblem }) }, patience());
  open.push(() => made.close());
  return made;
}

describe("who is let in", () => {
  test("the identity that is named, by both ends; another one by neither", async () => {
    const [ofWeb, ofApi, ofOther] = await Promise.all([source(web), source(api), source(other)]);
    const { port, refused } = await echo(ofApi, exactly(web), open);
    expect(await ask(ofWeb, exactly(api), port)).toBe("hello");
    expect(refused).toEqual([]);

    expect(await ask(ofOther, exactly(api), port)).not.toBe("hello");
    expect(refused.map(({ reason }) => reason.message)).toEqual([`${other} is not one that may be spoken to here`]);
    expect(await ask(ofWeb, exactly(other), port)).toContain(`${api} is not one that may be spoken to`);
  });

  test("of another trust domain: where it is federated and named, else not", async () => {
    const [ofWeb, ofAway] = await Promise.all([source(web), source(away, abroad)]);
    const strict = await echo(ofWeb, memberOf(trustDomain("cloud.test")), open);
    expect(await ask(ofAway, exactly(web), strict.port)).not.toBe("hello");
    expect(strict.refused.map(({ reason }) => reason.name)).toEqual(["UnauthorizedPeer"]);
    const federated = await echo(ofWeb, exactly(away), open);
    expect(await ask(ofAway, exactly(web), federated.port)).toBe("hello");
  });

  test("no certificate, TLS 1.2 and plain text are refused; control: with an SVID the same client is let in", async () => {
    const [ofWeb, ofApi] = await Promise.all([source(web), source(api)]);
    const { port, refused } = await echo(ofApi, exactly(web), open);
    const { cert, key, ...anonymous } = clientTls(ofWeb, exactly(api));
    expect(await through(anonymous, port)).not.toBe("hello");
    expect(await through({ ...anonymous, cert, key, minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }, port)).not.toBe(
      "hello",
    );
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await expect.poll(() => refused.length, soon).toBe(3);
    expect(await through({ ...anonymous, cert, key }, port)).toBe("hello");
  });

  test("gRPC and HTTP/2 go through the same door", async () => {
    const [ofWeb, ofApi, ofOther] = await Promise.all([source(web), source(api), source(other)]);
    const grpc = new GrpcServer();
    const bytes = (value: Buffer): Buffer => value;
    const call = { path: "/t/Who", requestStream: false, responseStream: false } as const;
    const serializers = { requestSerialize: bytes, requestDeserialize: bytes };
    const definition = { ...call, ...serializers, responseSerialize: bytes, responseDeserialize: bytes };
    grpc.addService(
      { Who: definition },
      {
        Who: (
          asked: { getAuthContext(): { sslPeerCertificate?: { subjectaltname?: string } } },
          done: (error: null, answer: Buffer) => void,
        ) => done(null, Buffer.from(asked.getAuthContext().sslPeerCertificate?.subjectaltname ?? "nobody")),
      },
    );
    open.push(() => grpc.forceShutdown());
    const door = { authorize: exactly(web), protocols: ["h2"] };
    const grpcPort = await listening(createTlsServer(ofApi, { ...door, onConnection: connectionsTo(grpc) }), open);
    const who = (own: X509Source, server: SpiffeId): Promise<string> => {
      const client = new Client(`127.0.0.1:${grpcPort}`, new SvidChannelCredentials(own, exactly(server)), {
        "grpc.use_local_subchannel_pool": 1,
      });
      open.push(() => client.close());
      return new Promise((resolve) => {
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest("/t/Who", bytes, bytes, Buffer.alloc(0), { deadline }, (error, answer) =>
          resolve(error === null ? String(answer) : error.message),
        );
      });
    };
    expect(await who(ofWeb, api)).toBe(`URI:${web}`);
    expect(await who(ofOther, api)).toMatch(/UNAVAILABLE|INTERNAL/);
    expect(await who(ofWeb, other)).toMatch(/UNAVAILABLE/);

    const http2 = createHttp2((_request, response) => response.end("hello"));
    const onConnection = (socket: TLSSocket): boolean => http2.emit("connection", socket);
    const http2Port = await listening(createTlsServer(ofApi, { ...door, onConnection }), open);
    const target = { host: "127.0.0.1", port: http2Port, ALPNProtocols: ["h2"] };
    const session = http2Connect("https://api", { createConnection: () => connectTls(ofWeb, exactly(api), target) });
    open.push(() => session.destroy());
    const stream = session.request({ ":path": "/" }).setEncoding("utf8");
    expect(await once(stream, "data")).toEqual(["hello"]);
  });
});

describe("renewal", () => {
  test("leaves are renewed under open connections; what ignores renewal is refused when its leaf has expired", async () => {
    const [ofWeb, ofBrief] = await Promise.all([source(web), source(brief)]);
    const serials = (): string => ofBrief.svid.chain[0].serialNumber;
    const first = { serial: serials(), ends: ofBrief.svid.chain[0].validToDate };
    const frozenClient = clientTls(ofBrief, exactly(web));
    const live = await echo(ofBrief, exactly(web), open);
    const ofWebServer = await echo(ofWeb, exactly(brief), open);
    const frozen = createPlainTls({ ...contextOf(ofBrief), requestCert: true }, (socket) => socket.pipe(socket));
    const frozenPort = await listening(frozen, open);
    expect(await ask(ofWeb, exactly(brief), frozenPort)).toBe("hello");

    const kept = connectTls(ofWeb, exactly(brief), { host: "127.0.0.1", port: live.port });
    open.push(() => kept.destroy());
    const answers = new Set<string>();
    let connections = 0;
    await expect
      .poll(async () => {
        answers.add(await say(kept, "hello"));
        answers.add(await ask(ofWeb, exactly(brief), live.port));
        answers.add(await ask(ofBrief, exactly(web), ofWebServer.port));
        connections += 1;
        return Date.now() > first.ends.getTime() + 1_000 && serials() !== first.serial;
      }, soon)
      .toBe(true);
    expect([...answers]).toEqual(["hello"]);
    expect(connections).toBeGreaterThan(10);

    // Control: the same without renewal.
    expect(await ask(ofWeb, exactly(brief), frozenPort)).toContain("expired");
    const socket = tlsConnect({ ...frozenClient, host: "127.0.0.1", port: ofWebServer.port });
    expect(await say(socket, "hello")).not.toBe("hello");
    expect(ofWebServer.refused.map(({ reason }) => reason.message)).toEqual([
      expect.stringContaining(`${brief}: valid from`),
    ]);
  });

  test("an agent that was away is asked again; without it what is held serves until it expires, and no longer", async () => {
    const problems: string[] = [];
    const [ofWeb, ofBrief] = [await source(web), await source(brief, home, ({ message }) => problems.push(message))];
    const { port } = await echo(ofBrief, exactly(web), open);
    await home.agent.kill();
    await expect.poll(() => problems.length, soon).toBeGreaterThan(1);
    expect(problems.at(-1)).toContain(home.socket);
    expect(await ask(ofWeb, exactly(brief), port)).toBe("hello");

    const { serialNumber, validToDate } = ofBrief.svid.chain[0];
    await expect.poll(() => Date.now() > validToDate.getTime() + 500, soon).toBe(true);
    expect(() => ofBrief.svid).toThrow("has expired");
    expect(await ask(ofWeb, exactly(brief), port)).toContain("expired");

    await home.agent.start();
    await expect.poll(() => ask(ofWeb, exactly(brief), port), soon).toBe("hello");
    expect(ofBrief.svid.chain[0].serialNumber).not.toBe(serialNumber);
  });

  test("the server away: what was given serves on, and a new process is given what the agent holds", async () => {
    const ofWeb = await source(web);
    const { port } = await echo(ofWeb, exactly(api), open);
    await home.server.kill();
    try {
      expect(await ask(await source(api), exactly(web), port)).toBe("hello");
    } finally {
      await home.server.start();
    }
  });

  test("a new authority is believed beside the old one", async () => {
    const [ofWeb, ofBrief] = await Promise.all([source(web), source(brief)]);
    const before = ofWeb.bundles;
    const authorities = (): number | undefined => ofWeb.bundles.get(trustDomain("cloud.test"))?.length;
    const count = authorities() ?? 0;
    const prepared = await home.ask("localauthority", "x509", "prepare", "-output", "json");
    await expect.poll(authorities, soon).toBe(count + 1);
    const { port } = await echo(ofBrief, exactly(web), open);
    const next: string = JSON.parse(prepared).prepared_authority.authority_id;
    await home.ask("localauthority", "x509", "activate", "-authorityID", next);
    const isOfTheOld = (): boolean => {
      try {
        return verifySvid(ofBrief.svid.chain, before, new Date()) === brief;
      } catch {
        return false;
      }
    };
    expect(isOfTheOld()).toBe(true);
    await expect.poll(isOfTheOld, soon).toBe(false);
    expect(await ask(ofWeb, exactly(brief), port)).toBe("hello");
  });
});

describe("an identity that is not given", () => {
  test("is waited for, and what to do is said", async () => {
    const wait = X509Source.open(
      { address: home.address, id: spiffeId("spiffe://cloud.test/nobody") },
      AbortSignal.timeout(1_000),
    );
    await expect(wait).rejects.toThrow(/no SVID of spiffe:\/\/cloud.test\/nobody, but of: .*sa\/web/);
    const nowhere = X509Source.open({ address: "unix:///nowhere/agent.sock" }, AbortSignal.timeout(500));
    await expect(nowhere).rejects.toThrow("/nowhere/agent.sock");
  });
});

describe("JWT-SVIDs", () => {
  test("one of ours is believed by those it is for, ours and federated; control: by nobody else, nor changed", async () => {
    const [here, there] = await Promise.all(
      [home, abroad].map((spire) => JwtSource.open({ address: spire.address }, patience())),
    );
    if (here === undefined || there === undefined) throw new Error("both are there");
    open.push(
      () => here.close(),
      () => there.close(),
    );
    const { token, id } = await here.fetch("keystone", web);
    expect(id).toBe(web);
    for (const reader of [here, there]) {
      expect(await reader.validate(token, "keystone")).toMatchObject({ id: web, audience: ["keystone"] });
    }
    await expect(here.validate(token, "barbican")).rejects.toThrow(`${web}: unexpected "aud" claim value`);
    const [head, body = "", signature] = token.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: api })).toString("base64url");
    await expect(here.validate(`${head}.${forged}.${signature}`, "keystone")).rejects.toThrow(
      "signature verification failed",
    );
    await expect(here.validate("no.token", "keystone")).rejects.toThrow("no SPIFFE ID");
  });
});
