import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server which can be as if the server were frozen while its kernel is not. */
export interface FreezingRelay {
  readonly port: number;
  /** From now on what is sent is acknowledged and nothing is answered, on connections that are there and on new ones. */
  freeze(): void;
  /** New connections lead to the server again, as after a failover; those that froze stay as they are. */
  failOver(): void;
  close(): Promise<void>;
}

/** Opens one on loopback, to a port of loopback. */
export async function freezingRelay(target: number): Promise<FreezingRelay> {
  let frozen = false;
  const near = new Set<Socket>();
  const far = new Set<Socket>();
  const server = createServer((client) => {
    near.add(client);
    client.on("error", () => client.destroy());
    // Reads what comes, and forgets it.
    if (frozen) {
      client.resume();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    far.add(upstream);
    upstream.on("error", () => upstream.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    freeze: () => {
      frozen = true;
      for (const upstream of far) upstream.unpipe();
      for (const client of near) client.unpipe().resume();
    },
    failOver: () => {
      frozen = false;
    },
    close: async () => {
      for (const socket of [...near, ...far]) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
