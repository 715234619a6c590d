import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  Server,
  UntypedHandleCall,
} from "@grpc/grpc-js";

/** A gRPC method: how its messages are read and written, and what answers a call. */
export interface Method {
  readonly name: string;
  readonly isStream: boolean;
  readonly decode: (bytes: Buffer) => unknown;
  readonly handle: UntypedHandleCall;
}

/** A method with streams in both directions. What is written to its calls is bytes. */
export function streaming<Request>(
  name: string,
  decode: (bytes: Uint8Array) => Request,
  handle: handleBidiStreamingCall<Request, Buffer>,
): Method {
  return { name, isStream: true, decode, handle };
}

/** A method of one request and one answer, which is bytes. */
export function unary<Request>(
  name: string,
  decode: (bytes: Uint8Array) => Request,
  handle: handleUnaryCall<Request, Buffer>,
): Method {
  return { name, isStream: false, decode, handle };
}

/** Adds services to a gRPC server. Requests are decoded; responses are bytes already. */
export function addServices(server: Server, services: ReadonlyMap<string, readonly Method[]>): void {
  for (const [service, methods] of services) {
    const definition: Record<string, MethodDefinition<unknown, Buffer>> = {};
    const implementation: Record<string, UntypedHandleCall> = {};
    for (const { name, isStream, decode, handle } of methods) {
      definition[name] = {
        path: `/${service}/${name}`,
        requestStream: isStream,
        responseStream: isStream,
        requestDeserialize: decode,
        responseSerialize: asIs,
        // What a client would use; a server's definition has to name it too.
        requestSerialize: notUsed,
        responseDeserialize: asIs,
      };
      implementation[name] = handle;
    }
    server.addService(definition, implementation);
  }
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function notUsed(): Buffer {
  throw new Error("this definition serves, and sends no requests");
}
