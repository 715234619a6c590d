import { Server } from "@grpc/grpc-js";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import { addServices, unary } from "../../xds-control-plane/server/service.ts";
import type { Verdict } from "./decision.ts";
import { responseOf } from "./response.ts";
import type { Plain } from "./struct.ts";

/** Envoy takes 60 KiB of headers at most; the largest message that is read, bytes. */
const largestRequest = 256 << 10;

/**
 * A gRPC server of envoy.service.auth.v3.Authorization, which does not listen yet. Who cannot be answered gets INTERNAL, and Envoy
 * refuses the request.
 *
 * @param decide gets a way to read the request, which costs what a request that is refused for want of room is not worth
 * @param onFault hears of what should not happen
 */
export function authorizationServer(
  decide: (request: () => Plain) => Promise<Verdict>,
  onFault: (error: unknown) => void,
): Server {
  const request = messageType("envoy.service.auth.v3.CheckRequest");
  const response = messageType("envoy.service.auth.v3.CheckResponse");
  const server = new Server({ "grpc.max_receive_message_length": largestRequest });
  const read = (bytes: Uint8Array): Plain =>
    request.toObject(request.decode(bytes), { enums: String, longs: String, bytes: String });
  const check = unary<Uint8Array>(
    "Check",
    (bytes) => bytes,
    (call, callback) => {
      decide(() => read(call.request)).then(
        (verdict) =>
          callback(null, Buffer.from(response.encode(response.fromObject({ ...responseOf(verdict) })).finish())),
        (error: unknown) => {
          onFault(error);
          callback({ code: 13, details: "the decision failed" });
        },
      );
    },
  );
  addServices(server, new Map([["envoy.service.auth.v3.Authorization", [check]]]));
  return server;
}
