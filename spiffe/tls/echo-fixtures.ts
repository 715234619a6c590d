import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, type Server, type TLSSocket } from "node:tls";
import type { Authorize } from "../authorize.ts";
import { clientTls } from "./client.ts";
import type { Identity } from "./identity.ts";
import { createTlsServer, type Refused } from "./server.ts";

/** Servers that send back what they hear, and clients of them, for tests. */

/** What is to be closed after a test. */
export type Open = (() => unknown)[];

export interface Echo {
  readonly port: number;
  readonly refused: readonly Refused[];
  readonly server: Server;
}

export async function echo(own: Identity, authorize: Authorize, open: Open): Promise<Echo> {
  const refused: Refused[] = [];
  const server = createTlsServer(own, {
    authorize,
    onConnection: (socket) => socket.on("error", () => socket.destroy()).pipe(socket),
    onRefused: (each) => refused.push(each),
  });
  return { port: await listening(server, open), refused, server };
}

/** Has a server listen on a port of this machine. */
export async function listening(server: Server, open: Open): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What a word comes back as: itself, or why it does not. */
export function say(socket: TLSSocket, word: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once("data", (data: Buffer) => resolve(data.toString()));
  socket.once("error", (error) => resolve(error.message));
  socket.once("close", () => resolve("closed"));
  socket.write(word);
  return promise;
}

/** Says hello over a connection of its own. */
export async function through(options: object, port: number): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ...options });
  const answer = await say(socket, "hello");
  socket.destroy();
  return answer;
}

/** The same with an SVID, to whom `authorize` names. */
export function ask(own: Identity, authorize: Authorize, port: number): Promise<string> {
  return through(clientTls(own, authorize), port);
}
