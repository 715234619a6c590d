import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";

/** What came of an attempt to connect to a console. */
export type Attempt =
  | { readonly kind: "open"; close(): void }
  | { readonly kind: "refused"; readonly status: number; readonly text: string };

export interface ConnectOptions {
  /** As a browser names the page that connects. */
  readonly origin?: string;
}

/** Tries the handshake of a WebSocket, and tells what a client for these hides: how it was refused. */
export function connectTo(url: string, { origin }: ConnectOptions = {}): Promise<Attempt> {
  const { promise, resolve, reject } = Promise.withResolvers<Attempt>();
  const asked = request(url.replace(/^ws/, "http"), {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      ...(origin === undefined ? {} : { origin }),
    },
  });
  asked.once("error", reject);
  asked.once("upgrade", (_response, socket) => resolve({ kind: "open", close: () => socket.destroy() }));
  asked.once("response", (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    response.once("end", () => resolve({ kind: "refused", status: response.statusCode ?? 0, text }));
  });
  asked.end();
  return promise;
}

/** The same URL at another host and port. */
export function at(url: string, hostAndPort: string): string {
  const moved = new URL(url);
  moved.host = hostAndPort;
  return moved.toString();
}

/** A connection of a client that never closes for its part. */
export interface HalfOpen {
  heard(): string;
  /** Whether the other side is gone: what is written to it comes back refused. */
  isClosed(): boolean;
}

/** Asks for a WebSocket at a path, or says nothing where that is empty, and keeps its side open whatever comes. */
export async function halfOpen(port: number, path = "/nothing"): Promise<HalfOpen> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  await once(socket, "connect");
  let heard = "";
  let isClosed = false;
  socket.setEncoding("utf8").on("data", (part: string) => {
    heard += part;
  });
  socket.on("error", () => undefined);
  socket.once("close", () => {
    isClosed = true;
    clearInterval(asking);
  });
  // A side that was only half closed takes what is written; one that is closed answers it by a reset.
  const asking = setInterval(() => socket.readableEnded && socket.write("x"), 50);
  const lines = ["upgrade: websocket", "connection: Upgrade", "sec-websocket-version: 13"];
  const key = `sec-websocket-key: ${randomBytes(16).toString("base64")}`;
  if (path !== "") socket.write([`GET ${path} HTTP/1.1`, "host: consoles", ...lines, key, "", ""].join("\r\n"));
  return { heard: () => heard, isClosed: () => isClosed };
}
