import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { ChannelCredentials, credentials, type experimental, type Server, ServerCredentials } from "@grpc/grpc-js";
import type { Authorize } from "../authorize.ts";
import { connectTls } from "./client.ts";
import type { Identity } from "./identity.ts";

/**
 * Gives a gRPC server the connections of a TLS server: `createTlsServer(source, { onConnection: connectionsTo(grpc), … })`
 * with `protocols: ["h2"]`. The calls' authentication context has the peer's certificate.
 */
export function connectionsTo(server: Server): (socket: TLSSocket) => void {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return (socket) => injector.injectConnection(socket);
}

/** Credentials of gRPC channels: our SVID of the moment, for each connection anew; to whom `authorize` names alone. */
export class SvidChannelCredentials extends ChannelCredentials {
  readonly #source: Identity;
  readonly #authorize: Authorize;

  constructor(source: Identity, authorize: Authorize) {
    super();
    this.#source = source;
    this.#authorize = authorize;
  }

  override compose(): ChannelCredentials {
    throw new Error("these credentials say who calls; others are not added to them");
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(): experimental.SecureConnector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => credentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  #connect(socket: Socket): Promise<experimental.SecureConnectResult> {
    const { promise, resolve, reject } = Promise.withResolvers<experimental.SecureConnectResult>();
    const secure = connectTls(this.#source, this.#authorize, { socket, ALPNProtocols: ["h2"] });
    secure.once("secureConnect", () => {
      secure.off("error", reject);
      resolve({ socket: secure, secure: true });
    });
    secure.once("error", reject);
    secure.once("close", () => reject(new Error("the connection was closed during the handshake")));
    return promise;
  }
}
