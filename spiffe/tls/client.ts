import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { Authorize } from "../authorize.ts";
import { chainOf, contextOf } from "./context.ts";
import type { Identity } from "./identity.ts";
import { authorized } from "./peer.ts";

/**
 * What `tls.connect` needs to show our SVID and to speak to whom `authorize` names alone, whatever the server is called.
 * It holds the SVID of now: ask for it anew for each connection. Do not set `session`, for a resumed session shows no
 * certificate.
 *
 * @throws Error when our own SVID has expired.
 */
export function clientTls(source: Identity, authorize: Authorize): ConnectionOptions {
  return {
    ...contextOf(source),
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => {
      try {
        authorized(source, authorize, chainOf(certificate));
        return undefined;
      } catch (error) {
        return error instanceof Error ? error : new Error(String(error));
      }
    },
  };
}

/** How a connection is made: an address, or a socket that is there. */
export type Target = Pick<ConnectionOptions, "host" | "port" | "path" | "socket" | "ALPNProtocols" | "servername">;

/**
 * A connection to whom `authorize` names: `secureConnect` comes when it proved to be that, else `error` with the reason.
 * For HTTP/2: `http2.connect(url, { createConnection: () => connectTls(…) })` with `ALPNProtocols: ["h2"]`.
 */
export function connectTls(source: Identity, authorize: Authorize, target: Target): TLSSocket {
  return connect({ ...target, ...clientTls(source, authorize) });
}
