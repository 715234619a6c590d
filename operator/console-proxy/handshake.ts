import type { IncomingHttpHeaders } from "node:http";

/** The subprotocol of KubeVirt's consoles and screens: bytes as they are, in binary frames. */
export const PLAIN = "plain.kubevirt.io";

/** A client's part of a WebSocket handshake (RFC 6455, 4.2.1) that we can go on with. */
export interface Handshake {
  readonly key: string;
  /** What the client is told that is spoken; undefined where it asked for nothing that we know. */
  readonly subprotocol: string | undefined;
}

/** How a request that is no such handshake is answered. */
export interface BadHandshake {
  readonly status: 400 | 426;
  readonly problem: string;
}

export function handshakeOf(method: string | undefined, headers: IncomingHttpHeaders): Handshake | BadHandshake {
  const key = headers["sec-websocket-key"];
  if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket")
    return { status: 426, problem: "this is a WebSocket: connect with a client for these" };
  if (headers["sec-websocket-version"] !== "13") return { status: 426, problem: "this is WebSocket version 13" };
  if (key === undefined || Buffer.from(key, "base64").length !== 16)
    return { status: 400, problem: "Sec-WebSocket-Key must be 16 bytes in base64" };
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  // noVNC's older releases ask for `binary`, and mean the same.
  return { key, subprotocol: [PLAIN, "binary"].find((name) => offered.includes(name)) };
}

/**
 * Whether a page of this origin may connect. A program names none. A token is all that opens a console, so a page that has none
 * gains nothing; this is for one that was given away.
 */
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[]): boolean {
  return origin === undefined || allowed.includes(origin);
}

/** The answer that begins a WebSocket. */
export function switching(accept: string, subprotocol: string | undefined): string {
  return [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
    "\r\n",
  ].join("\r\n");
}
