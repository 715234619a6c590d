import { KeyObject, type X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttp2, connect as http2Connect } from "node:http2";
import { createServer as createPlainTls, type TLSSocket } from "node:tls";
import { Client, Server as GrpcServer, type ServerUnaryCall } from "@grpc/grpc-js";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { exactly, memberOf } from "../authorize.ts";
import { type Certified, certify, hoursFrom, type Made } from "../certificate-fixtures.ts";
import { type SpiffeId, spiffeId, trustDomain } from "../spiffe-id.ts";
import type { X509Bundles } from "../x509/bundle.ts";
import type { X509Svid } from "../x509/svid.ts";
import { verifySvid } from "../x509/verify.ts";
import { clientTls, connectTls } from "./client.ts";
import { contextOf } from "./context.ts";
import { ask, echo, listening, type Open, say, through } from "./echo-fixtures.ts";
import { connectionsTo, SvidChannelCredentials } from "./grpc.ts";
import type { Identity } from "./identity.ts";
import { createTlsServer } from "./server.ts";

const [web, api, other, away] = [
  "spiffe://d.test/web",
  "spiffe://d.test/api",
  "spiffe://d.test/other",
  "spiffe://away.test/web",
].map(spiffeId) as [SpiffeId, SpiffeId, SpiffeId, SpiffeId];

let home: Certified;
let middle: Certified;
let abroad: Certified;
let bundles: X509Bundles;
beforeAll(async () => {
  home = await certify("home", undefined, { isAuthority: true });
  middle = await certify("middle", home, { isAuthority: true, pathLength: 0 });
  abroad = await certify("abroad", undefined, { isAuthority: true });
  bundles = new Map([
    [trustDomain("d.test"), [home.certificate]],
    [trustDomain("away.test"), [abroad.certificate]],
  ]);
});

const open: Open = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An identity that is renewed when the test says so. */
class Renewed implements Identity {
  readonly bundles: X509Bundles;
  svid: X509Svid;
  readonly #listeners = new Set<() => void>();

  constructor(svid: X509Svid, believed: X509Bundles = bundles) {
    this.svid = svid;
    this.bundles = believed;
  }

  verify(chain: readonly X509Certificate[]): SpiffeId {
    return verifySvid(chain, this.bundles, new Date());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  renew(svid: X509Svid): void {
    this.svid = svid;
    for (const listener of this.#listeners) listener();
  }
}

async function svid(id: SpiffeId, by: Certified = home, made: Made = {}): Promise<X509Svid> {
  const { certificate, keys } = await certify("leaf", by, { uris: [id], ...made });
  const key = KeyObject.from(keys.privateKey);
  return { id, key, hint: "", chain: by === home || by === abroad ? [certificate] : [certificate, by.certificate] };
}

async function identity(id: SpiffeId, by?: Certified, made?: Made): Promise<Renewed> {
  return new Renewed(await svid(id, by, made));
}

describe("who is let in", () => {
  test("the identity that is named, by both ends; another one by neither", async () => {
    const [ofWeb, ofApi, ofOther] = await Promise.all([identity(web), identity(api, middle), identity(other)]);
    const { port, refused } = await echo(ofApi, exactly(web), open);
    expect(await ask(ofWeb, exactly(api), port)).toBe("hello");
    expect(refused).toEqual([]);
    expect(await ask(ofOther, exactly(api), port)).not.toBe("hello");
    expect(refused.map(({ reason }) => reason.message)).toEqual([`${other} is not one that may be spoken to here`]);
    expect(await ask(ofWeb, exactly(other), port)).toBe(`${api} is not one that may be spoken to here`);
  });

  test("one below an intermediate, which it sends along; of an authority that is not ours it is refused all the same", async () => {
    const [ofApi, ofWeb] = await Promise.all([identity(api), identity(web, middle)]);
    const alone = new Renewed(ofApi.svid, new Map([...bundles].slice(0, 1)));
    const { port, refused } = await echo(alone, exactly(web), open);
    expect(await ask(ofWeb, exactly(api), port)).toBe("hello");
    const shownAlone = new Renewed({ ...ofWeb.svid, chain: [ofWeb.svid.chain[0]] });
    const impostor = await svid(web, await certify("between", abroad, { isAuthority: true }));
    for (const stranger of [shownAlone, await identity(web, abroad), new Renewed(impostor)])
      expect(await ask(stranger, exactly(api), port)).not.toBe("hello");
    expect(refused.map(({ reason }) => reason.name)).toEqual(["UntrustedSvid", "UntrustedSvid", "UntrustedSvid"]);
  });

  test("one below another trust domain's intermediate is not of ours, though its root is believed of its own", async () => {
    const [ofApi, between] = await Promise.all([identity(api), certify("between", abroad, { isAuthority: true })]);
    const [ofAway, impostor] = await Promise.all([identity(away, between), identity(web, between)]);
    const { port, refused } = await echo(ofApi, () => true, open);
    for (const peer of [impostor, ofAway]) expect(await ask(peer, exactly(api), port)).not.toBe("hello");
    expect(refused.map(({ reason }) => reason.name)).toEqual(["UntrustedSvid", "UntrustedSvid"]);

    // Control: OpenSSL alone, by both bundles together, lets the impostor in.
    const plain = createPlainTls({ ...contextOf(ofApi), requestCert: true }, (socket) => socket.pipe(socket));
    expect(await ask(impostor, exactly(api), await listening(plain, open))).toBe("hello");
  });

  test("of another trust domain: where it is named, and never by another's authority", async () => {
    const [ofApi, ofAway, impostor] = await Promise.all([identity(api), identity(away, abroad), identity(web, abroad)]);
    const federated = await echo(ofApi, exactly(away), open);
    expect(await ask(ofAway, exactly(api), federated.port)).toBe("hello");
    const strict = await echo(ofApi, memberOf(trustDomain("d.test")), open);
    expect(await ask(ofAway, exactly(api), strict.port)).not.toBe("hello");
    expect(await ask(impostor, exactly(api), strict.port)).not.toBe("hello");
    expect(strict.refused.map(({ reason }) => reason.name)).toEqual(["UnauthorizedPeer", "UntrustedSvid"]);
    const server = await echo(impostor, exactly(api), open);
    expect(await ask(ofApi, exactly(web), server.port)).toContain("no authority in the bundle of its trust domain");

    // Control: OpenSSL alone, by all bundles together, lets the impostor in.
    const plain = createPlainTls({ ...contextOf(ofApi), requestCert: true }, (socket) => socket.pipe(socket));
    expect(await ask(impostor, exactly(api), await listening(plain, open))).toBe("hello");
  });

  test("no certificate, an expired one, TLS 1.2 and plain text are refused; control: else the same is let in", async () => {
    const old = { from: hoursFrom(new Date(), -2), to: hoursFrom(new Date(), -1) };
    const [ofWeb, ofApi, expired] = await Promise.all([identity(web), identity(api), identity(web, home, old)]);
    const { port, refused } = await echo(ofApi, exactly(web), open);
    const { cert, key, ...anonymous } = clientTls(ofWeb, exactly(api));
    expect(await through(anonymous, port)).not.toBe("hello");
    expect(await ask(expired, exactly(api), port)).not.toBe("hello");
    const older = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" };
    expect(await through({ ...anonymous, cert, key, ...older }, port)).not.toBe("hello");
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await expect.poll(() => refused.length).toBe(4);
    expect(refused.map(({ reason }) => reason.message)).toEqual(
      expect.arrayContaining(["no certificate was shown", expect.stringContaining(`${web}: valid from`)]),
    );
    expect(await through({ ...anonymous, cert, key }, port)).toBe("hello");

    const server = await echo(expired, exactly(api), open);
    expect(await ask(ofApi, exactly(web), server.port)).toContain("expired");
  });

  test("gRPC and HTTP/2 go through the same door", async () => {
    const [ofWeb, ofApi, ofOther] = await Promise.all([identity(web), identity(api), identity(other)]);
    const bytes = (value: Buffer): Buffer => value;
    const grpc = new GrpcServer();
    const who = (call: ServerUnaryCall<Buffer, Buffer>, done: (error: null, answer: Buffer) => void): void =>
      done(null, Buffer.from(call.getAuthContext().sslPeerCertificate?.subjectaltname ?? "nobody"));
    const kind = { path: "/t/Who", requestStream: false, responseStream: false } as const;
    const form = {
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    grpc.addService({ Who: { ...kind, ...form } }, { Who: who });
    open.push(() => grpc.forceShutdown());
    const door = { authorize: exactly(web), protocols: ["h2"] };
    const grpcPort = await listening(createTlsServer(ofApi, { ...door, onConnection: connectionsTo(grpc) }), open);
    const call = (own: Identity, server: SpiffeId): Promise<string> => {
      const channel = { "grpc.use_local_subchannel_pool": 1 };
      const client = new Client(`127.0.0.1:${grpcPort}`, new SvidChannelCredentials(own, exactly(server)), channel);
      open.push(() => client.close());
      const { promise, resolve } = Promise.withResolvers<string>();
      client.makeUnaryRequest(
        "/t/Who",
        bytes,
        bytes,
        Buffer.alloc(0),
        { deadline: Date.now() + 20_000 },
        (error, answer) => resolve(error === null ? String(answer) : error.message),
      );
      return promise;
    };
    expect(await call(ofWeb, api)).toBe(`URI:${web}`);
    expect(await call(ofOther, api)).toContain("UNAVAILABLE");
    expect(await call(ofWeb, other)).toContain("UNAVAILABLE");

    const http2 = createHttp2((_request, response) => response.end("hello"));
    const onConnection = (socket: TLSSocket): boolean => http2.emit("connection", socket);
    const port = await listening(createTlsServer(ofApi, { ...door, onConnection }), open);
    const target = { host: "127.0.0.1", port, ALPNProtocols: ["h2"] };
    const session = http2Connect("https://api", { createConnection: () => connectTls(ofWeb, exactly(api), target) });
    open.push(() => session.destroy());
    const stream = session.request({ ":path": "/" }).setEncoding("utf8");
    expect(await once(stream, "data")).toEqual(["hello"]);
  });
});

test("a renewed SVID is shown by new connections, and open ones stay; control: what ignores renewal shows the old one", async () => {
  const [ofWeb, ofApi] = await Promise.all([identity(web), identity(api)]);
  const { port } = await echo(ofApi, exactly(web), open);
  const frozen = createPlainTls({ ...contextOf(ofApi), requestCert: true }, (socket) => socket.pipe(socket));
  const frozenPort = await listening(frozen, open);
  const serial = async (at: number): Promise<string> => {
    const socket = connectTls(ofWeb, exactly(api), { host: "127.0.0.1", port: at });
    await once(socket, "secureConnect");
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const kept = connectTls(ofWeb, exactly(api), { host: "127.0.0.1", port });
  open.push(() => kept.destroy());
  expect(await say(kept, "hello")).toBe("hello");
  const first = ofApi.svid.chain[0].serialNumber;
  expect(await serial(port)).toBe(first);

  ofApi.renew(await svid(api));
  ofWeb.renew(await svid(web, middle));
  expect(await serial(port)).toBe(ofApi.svid.chain[0].serialNumber);
  expect(await say(kept, "again")).toBe("again");
  expect(await serial(frozenPort)).toBe(first);
});
