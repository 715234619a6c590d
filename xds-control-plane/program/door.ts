import type { AddressInfo } from "node:net";
import type { Logger } from "#runtime/observe/log.ts";
import { memberOf } from "#spiffe/authorize.ts";
import { trustDomainOf } from "#spiffe/spiffe-id.ts";
import { createTlsServer } from "#spiffe/tls/server.ts";
import type { X509Source } from "#spiffe/x509-source.ts";
import type { XdsServer } from "../server/xds-server.ts";

export interface Door {
  readonly port: number;
  /** Takes no more connections; those that are open are the server's. */
  close(): void;
}

/**
 * Listens by our SVID for members of our own trust domain. What each of them may have is decided stream by stream
 * (proxy-identity.ts).
 *
 * @param onRefused hears of each that was not let in, beside the log
 * @throws Error when the address cannot be had.
 */
export async function openDoor(
  server: XdsServer,
  source: X509Source,
  { host, port }: { readonly host: string; readonly port: number },
  log: Logger,
  onRefused: () => void = () => undefined,
): Promise<Door> {
  const door = createTlsServer(source, {
    authorize: memberOf(trustDomainOf(source.svid.id)),
    protocols: ["h2"],
    onConnection: (socket) => server.take(socket),
    onRefused: ({ address, reason }) => {
      onRefused();
      log.warn({ address, reason: reason.message }, "a connection was refused");
    },
    onProblem: (problem) => log.error({ err: problem }, "a renewed SVID could not be taken over"),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  door.once("error", (error) =>
    reject(new Error(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
  );
  door.listen(port, host, resolve);
  await promise;
  return { port: (door.address() as AddressInfo).port, close: () => door.close() };
}
