import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server in clear text that listens. */
export interface ServingHttp {
  readonly port: number;
  /** Ends open connections, too. */
  close(): Promise<void>;
}

/**
 * Answers requests at an address; port 0 takes any free one.
 *
 * @throws Error when the address cannot be had.
 */
export async function serveHttp(
  { host, port }: { readonly host: string; readonly port: number },
  answer: RequestListener,
): Promise<ServingHttp> {
  const server = createServer(answer);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
