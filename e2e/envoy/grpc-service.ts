import { Server, ServerCredentials } from "@grpc/grpc-js";
import { messageType } from "../../xds-control-plane/proto/descriptors.ts";
import { addServices, unary } from "../../xds-control-plane/server/service.ts";

type Json = Readonly<Record<string, unknown>>;

/** A unary method of Envoy's API, and what answers it: messages as plain objects with JSON's names. */
export interface Answering {
  readonly service: string;
  readonly method: string;
  readonly request: string;
  readonly response: string;
  readonly answer: (request: Json) => Json;
}

/** A gRPC server on loopback for one method that Envoy calls (ext_authz, rate limits). Gives its port. */
export async function startGrpcService(of: Answering): Promise<{ readonly port: number; close(): Promise<void> }> {
  const [request, response] = [messageType(of.request), messageType(of.response)];
  const server = new Server();
  addServices(
    server,
    new Map([
      [
        of.service,
        [
          unary<Json>(
            of.method,
            (bytes) => request.toObject(request.decode(bytes), { enums: String, json: true }),
            (call, callback) => {
              const message = response.fromObject({ ...of.answer(call.request) });
              callback(null, Buffer.from(response.encode(message).finish()));
            },
          ),
        ],
      ],
    ]),
  );
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  return {
    port: await promise,
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}
