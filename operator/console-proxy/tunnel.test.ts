import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connection } from "#runtime/client/connection.ts";
import { join, openUpstream } from "./tunnel.ts";

// The two joined sockets, with peers that send bytes; who opens consoles for real is in e2e/scenarios/console.node.test.ts.

const HANDSHAKE = { key: "dGhlIHNhbXBsZSBub25jZQ==", subprotocol: undefined };
const AT = { namespace: "team-a", name: "web-1" };
const forever = new AbortController().signal;

let upstream: Server;
let connection: Connection;
let asked: { readonly url: string | undefined; readonly headers: Readonly<Record<string, unknown>> } | undefined;
let answer: string;
const opened: Duplex[] = [];

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

beforeAll(async () => {
  upstream = createServer();
  upstream.on("upgrade", ({ url, headers }, socket) => {
    asked = { url, headers };
    socket.on("error", () => undefined);
    opened.push(socket);
    socket.write(answer);
    socket.pipe(socket);
  });
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  const dispatcher = new Agent();
  connection = {
    server: `http://127.0.0.1:${portOf(upstream)}`,
    current: async () => ({ dispatcher, headers: { authorization: "Bearer me" } }),
    close: () => dispatcher.close(),
  };
});
afterAll(async () => {
  for (const socket of opened) socket.destroy();
  upstream.close();
  await connection.close();
});

const SWITCHING =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: accepted\r\n\r\n";

/** Both ends of a connection of this machine. */
async function pair(): Promise<{ readonly client: Socket; readonly served: Socket }> {
  const server = createSocketServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = connect(portOf(server), "127.0.0.1");
  const [served] = (await once(server, "connection")) as [Socket];
  server.close();
  return { client, served };
}

test("the console is asked for with the client's key and our rights, and what comes with the answer is not lost", async () => {
  answer = `${SWITCHING}RFB 003.008\n`;
  const { socket, accept } = await openUpstream(connection, AT, "vnc", HANDSHAKE, forever);
  expect(accept).toBe("accepted");
  expect(asked?.url).toBe("/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachineinstances/web-1/vnc");
  expect(asked?.headers).toMatchObject({
    authorization: "Bearer me",
    "sec-websocket-key": HANDSHAKE.key,
    "sec-websocket-protocol": "plain.kubevirt.io",
  });
  const { client, served } = await pair();
  join(served, socket);
  const [first] = (await once(client, "data")) as [Buffer];
  expect(first.toString()).toBe("RFB 003.008\n");
  // More than any buffer on the way holds: it goes on only as fast as it is taken.
  const much = Buffer.alloc(4_000_000, 7);
  let back = 0;
  client.on("data", (part: Buffer) => {
    back += part.length;
    if (back === much.length) client.destroy();
  });
  client.write(much);
  await once(socket, "close");
  expect(back).toBe(much.length);
});

test("a console that is closed closes the client's connection", async () => {
  answer = SWITCHING;
  const { socket } = await openUpstream(connection, AT, "serial", HANDSHAKE, forever);
  expect(asked?.url).toMatch(/\/console$/);
  const { client, served } = await pair();
  join(served, socket);
  client.resume();
  opened.at(-1)?.destroy();
  await once(client, "close");
  expect(served.destroyed).toBe(true);
});

test("what is no console is refused", async () => {
  answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  await expect(openUpstream(connection, AT, "serial", HANDSHAKE, forever)).rejects.toThrow();
});
