import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/**
 * Runs the work while no other process of this user on this machine runs work under the same name. The lock is an
 * abstract Unix socket (unix(7), Linux): the kernel gives it back when its holder ends, however it ends, so a lock is
 * never stale. `onWait` is called once if somebody else holds it.
 */
export async function withLock<T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const address = `\0nephele-${createHash("sha256").update(`${process.getuid?.()}:${name}`).digest("hex")}`;
  let waited = false;
  let server = await tryToListen(address);
  while (server === undefined) {
    if (!waited) onWait?.();
    waited = true;
    await delay(100);
    server = await tryToListen(address);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function tryToListen(address: string): Promise<Server | undefined> {
  const server = createServer();
  server.listen(address);
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
}
