import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import { exactly } from "#spiffe/authorize.ts";
import { spiffeId } from "#spiffe/spiffe-id.ts";
import { connectTls } from "#spiffe/tls/client.ts";
import type { Identity } from "#spiffe/tls/identity.ts";

/** Makes one connection. */
export type Dial = (target: { readonly host: string; readonly port: number }) => Promise<TLSSocket>;

/** How connections to whoever has a SPIFFE ID are made. */
export type DialPeer = (peer: string) => Dial;

/** A handshake that takes longer is given up, milliseconds. */
const WITHIN_MS = 5_000;

/**
 * By mutual TLS with our own identity of the moment, to whoever has the SPIFFE ID and to nobody else, whatever its address says.
 *
 * @param identity throws where there is none
 */
export function dialByIdentity(identity: () => Promise<Identity>): DialPeer {
  return (peer) => {
    const authorize = exactly(spiffeId(peer));
    return async ({ host, port }) => {
      const socket = connectTls(await identity(), authorize, { host, port });
      try {
        await once(socket, "secureConnect", { signal: AbortSignal.timeout(WITHIN_MS) });
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    };
  };
}
