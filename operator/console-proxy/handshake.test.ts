import { describe, expect, test } from "vitest";
import { handshakeOf, isAllowedOrigin, switching } from "./handshake.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const GOOD = { upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": KEY };

describe("a handshake", () => {
  test("of RFC 6455 is taken", () => {
    expect(handshakeOf("GET", GOOD)).toEqual({ key: KEY, subprotocol: undefined });
    expect(handshakeOf("GET", { ...GOOD, upgrade: "WebSocket" })).toMatchObject({ key: KEY });
  });

  test.each([
    ["plain.kubevirt.io", "plain.kubevirt.io"],
    ["binary, base64", "binary"],
    ["chat", undefined],
  ])("that offers %s is told %s", (offered, subprotocol) => {
    expect(handshakeOf("GET", { ...GOOD, "sec-websocket-protocol": offered })).toMatchObject({ subprotocol });
  });

  test.each([
    ["no upgrade", "GET", { ...GOOD, upgrade: undefined }, 426],
    ["another method", "POST", GOOD, 426],
    ["an older version", "GET", { ...GOOD, "sec-websocket-version": "8" }, 426],
    ["no key", "GET", { ...GOOD, "sec-websocket-key": undefined }, 400],
    ["a key of another length", "GET", { ...GOOD, "sec-websocket-key": "AAAA" }, 400],
  ] as const)("with %s is none", (_what, method, headers, status) => {
    expect(handshakeOf(method, headers)).toMatchObject({ status });
  });
});

test("pages of other origins are not let in, and programs, which have none, are", () => {
  const allowed = ["https://consoles.example.org"];
  expect(isAllowedOrigin(undefined, allowed)).toBe(true);
  expect(isAllowedOrigin("https://consoles.example.org", allowed)).toBe(true);
  for (const origin of ["https://elsewhere.example", "http://consoles.example.org", "null", ""])
    expect(isAllowedOrigin(origin, allowed)).toBe(false);
});

test("the answer names a subprotocol only where one was asked for", () => {
  expect(switching("accepted", undefined)).toBe(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: accepted\r\n\r\n",
  );
  expect(switching("accepted", "binary")).toContain("\r\nSec-WebSocket-Protocol: binary\r\n\r\n");
});
