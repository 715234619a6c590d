import { constants, type ServerHttp2Stream } from "node:http2";
import type { ServerDuplexStream } from "@grpc/grpc-js";

/** How long a client has to read why its call ended, milliseconds. */
const graceMs = 2_000;

/**
 * Makes an end of a call that was ended, though its client does not read: grpc-js sends the status behind all that was written,
 * and keeps that as long as the client leaves its window shut. After a grace the HTTP/2 stream is reset; the other calls of the
 * connection go on. grpc-js has no way of its own to reset a call, so its stream is taken from where it keeps it.
 */
export function resetAfterGrace(call: ServerDuplexStream<unknown, unknown>): void {
  const stream = streamOf(call);
  if (stream === undefined || stream.closed) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), graceMs);
  timer.unref();
  stream.once("close", () => clearTimeout(timer));
}

/** The stream of a `BaseServerInterceptingCall` (grpc-js 1.14, server-interceptors.js), which is what a call without interceptors has. */
function streamOf(call: object): ServerHttp2Stream | undefined {
  return (call as { readonly call?: { readonly stream?: ServerHttp2Stream } }).call?.stream;
}
