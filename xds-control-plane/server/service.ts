import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  Server,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { JoinedBytes } from "./joined-bytes.ts";

/** What a method answers: bytes, or parts that are joined when they are framed. */
export type Message = Buffer | JoinedBytes;

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
  handle: handleBidiStreamingCall<Request, Message>,
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
    const definition: Record<string, MethodDefinition<unknown, Message>> = {};
    const implementation: Record<string, UntypedHandleCall> = {};
    for (const { name, isStream, decode, handle } of methods) {
      definition[name] = {
        path: `/${service}/${name}`,
        requestStream: isStream,
        responseStream: isStream,
        requestDeserialize: decode,
        responseSerialize: framed,
        // What a client would use; a server's definition has to name it too.
        requestSerialize: notUsed,
        responseDeserialize: notUsed,
      };
      implementation[name] = handle;
    }
    server.addService(definition, implementation);
  }
}

/** grpc-js takes of a message its length, and copies it behind the frame's head: of both kinds. */
function framed(message: Message): Buffer {
  return message as Buffer;
}

function notUsed(): Buffer {
  throw new Error("this definition serves, and sends no requests");
}
