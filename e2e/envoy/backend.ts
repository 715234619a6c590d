import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server that answers each request with its name. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startBackend(name: string): Promise<Backend> {
  const server = createServer((_request, response) => response.end(name));
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject);
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  return {
    name,
    port: (server.address() as AddressInfo).port,
    close: () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      return closed.promise;
    },
  };
}
