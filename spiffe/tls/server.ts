import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Authorize } from "../authorize.ts";
import type { SpiffeId } from "../spiffe-id.ts";
import { UntrustedSvid, verifyJudgedLeaf } from "../x509/verify.ts";
import { contextOf, shownBy } from "./context.ts";
import type { Identity } from "./identity.ts";
import { UnauthorizedPeer } from "./peer.ts";

/** Somebody who was not let in. */
export interface Refused {
  /** The other end's address; undefined where it was gone already. */
  readonly address: string | undefined;
  /** Why: an UntrustedSvid or an UnauthorizedPeer, with the name that was shown, or what TLS found wrong. */
  readonly reason: Error;
}

export interface ServerOptions {
  readonly authorize: Authorize;
  /** Gets each connection whose peer was let in. */
  readonly onConnection: (socket: TLSSocket, peer: SpiffeId) => void;
  readonly onRefused?: (refused: Refused) => void;
  /** What is spoken inside, by ALPN: `["h2"]`. */
  readonly protocols?: readonly string[];
  /** Hears that a renewal could not be taken over; connections are served by what was there. */
  readonly onProblem?: (problem: Error) => void;
}

/**
 * A TLS server that shows our SVID and lets in whom `authorize` names. A renewal holds for connections that come after it;
 * those that are open stay. Listening and closing are the caller's. HTTP servers take over its connections:
 * `onConnection: (socket) => httpServer.emit("connection", socket)`, of node:http and node:http2 alike.
 */
export function createTlsServer(source: Identity, options: ServerOptions): Server {
  const { authorize, onConnection, onRefused, onProblem, protocols } = options;
  const refuse = (socket: TLSSocket, reason: Error): void => {
    onRefused?.({ address: socket.remoteAddress, reason });
    socket.destroy();
  };
  const server = createServer(
    {
      ...contextOf(source),
      requestCert: true,
      // Who is refused is refused below, where it can be said who that is.
      rejectUnauthorized: false,
      ...(protocols && { ALPNProtocols: [...protocols] }),
    },
    (socket) => {
      let peer: SpiffeId;
      try {
        peer = peerOf(socket, source);
        if (!authorize(peer)) throw new UnauthorizedPeer(peer);
        if (!socket.authorized) throw new UntrustedSvid(`${peer}: OpenSSL says ${String(socket.authorizationError)}`);
      } catch (error) {
        refuse(socket, error instanceof Error ? error : new Error(String(error)));
        return;
      }
      onConnection(socket, peer);
    },
  );
  server.on("tlsClientError", (reason, socket) => refuse(socket, reason));
  const unsubscribe = source.onChange(() => {
    try {
      server.setSecureContext(contextOf(source));
    } catch (error) {
      onProblem?.(error instanceof Error ? error : new Error(String(error)));
    }
  });
  server.once("close", unsubscribe);
  return server;
}

/**
 * Who shows a certificate. Node (24) gives a server the leaf and what of its issuers is among its own roots, and nothing that the
 * peer sent with it: where that is all there is, and OpenSSL, which saw the whole, agrees, its word is taken.
 */
function peerOf(socket: TLSSocket, source: Identity): SpiffeId {
  const chain = shownBy(socket);
  const [leaf] = chain;
  return leaf !== undefined && chain.length === 1 && socket.authorized && source.bundles.size === 1
    ? verifyJudgedLeaf(leaf, source.bundles, new Date())
    : source.verify(chain);
}
