import type { PeerCertificate } from "node:tls";
import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { Node, Variant } from "../stream/messages.ts";

/** Who opens a stream. */
export interface Client {
  readonly node: Node;
  /** The other end's address, as gRPC writes it. */
  readonly address: string;
  /** The certificate that it proved to have; undefined without mutual TLS. */
  readonly certificate: PeerCertificate | undefined;
}

/** What of a client its connection shows, before it has said anything. */
export type Caller = Pick<Client, "address" | "certificate">;

export function callerOf(call: Pick<ServerUnaryCall<unknown, unknown>, "getPeer" | "getAuthContext">): Caller {
  return { address: call.getPeer(), certificate: call.getAuthContext().sslPeerCertificate };
}

/** A stream, as observers see it. */
export interface StreamInfo {
  /** Unique in this process; each of its nonces begins with it. */
  readonly id: string;
  readonly variant: Variant;
  readonly client: Client;
  /** The group whose snapshot it is served. */
  readonly group: string;
}

/**
 * Decides which group's snapshot a client is served. It is called once a stream, with the first message, and again where
 * the server is told to review its streams. There is no default: who may have what is a decision of whoever serves it.
 *
 * @throws Refusal to end the stream.
 */
export type Admit = (client: Client) => string;

/** Why a client is not served; the client is told the message (PERMISSION_DENIED). */
export class Refusal extends Error {
  override readonly name = "Refusal";
}

/** The SPIFFE ID in a peer's certificate: the URI among its alternative names; undefined where there is none. */
export function spiffeIdOf({ certificate }: Pick<Client, "certificate">): string | undefined {
  const names = certificate?.subjectaltname?.split(", ") ?? [];
  return names.find((name) => name.startsWith("URI:spiffe://"))?.slice("URI:".length);
}
