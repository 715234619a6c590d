import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type Server, ServerCredentials } from "@grpc/grpc-js";
import type { Authorize } from "#spiffe/authorize.ts";
import { connectionsTo } from "#spiffe/tls/grpc.ts";
import type { Identity } from "#spiffe/tls/identity.ts";
import { createTlsServer, type Refused } from "#spiffe/tls/server.ts";

export interface Door {
  /** 0 of a socket. */
  readonly port: number;
  /** Takes no more connections. */
  close(): void;
}

export interface SecuredDoor {
  readonly host: string;
  readonly port: number;
  readonly identity: Identity;
  readonly authorize: Authorize;
  readonly onRefused: (refused: Refused) => void;
  readonly onProblem: (problem: Error) => void;
}

/**
 * Listens by our SVID for who may ask.
 *
 * @throws Error when the address cannot be had.
 */
export async function openSecuredDoor(server: Server, options: SecuredDoor): Promise<Door> {
  const { host, port, identity, ...rest } = options;
  const door = createTlsServer(identity, { ...rest, protocols: ["h2"], onConnection: connectionsTo(server) });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  door.once("error", reject);
  door.listen(port, host, resolve);
  await promise;
  return { port: (door.address() as AddressInfo).port, close: () => door.close() };
}

/**
 * Listens on a socket, in place of one that an earlier process left. It is its group's, too: a pod's containers have that in common
 * (`fsGroup`), and not their users.
 *
 * @throws Error when the address cannot be had.
 */
export async function openSocket(server: Server, path: string): Promise<Door> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
    error === null ? resolve() : reject(error),
  );
  await promise;
  chmodSync(path, 0o660);
  return { port: 0, close: () => undefined };
}
