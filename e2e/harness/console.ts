import { randomBytes } from "node:crypto";
import { request } from "node:http";

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
