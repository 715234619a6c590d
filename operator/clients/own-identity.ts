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
      const limit = AbortSignal.timeout(WITHIN_MS);
      try {
        await once(socket, "secureConnect", { signal: limit });
        return socket;
      } catch (error) {
        socket.destroy();
        if (limit.aborted) throw new Error(`no TLS handshake with ${host}:${port} within ${WITHIN_MS / 1000} s`);
        throw error;
      }
    };
  };
}
