import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** How often a condition is looked at, in milliseconds. */
const intervalMs = 50;

/**
 * Looks until `look` gives something other than undefined, and returns that. Throws, naming what was awaited and the
 * last error, when the deadline has passed. An error of `look` counts as not yet.
 */
export async function until<T>(what: string, deadlineMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  do {
    try {
      const found = await look();
      if (found !== undefined) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await delay(intervalMs);
  } while (Date.now() < end);
  const why = last instanceof Error ? `: ${last.message}` : "";
  throw new Error(`${what} did not come about within ${deadlineMs / 1000} s${why}`, { cause: last });
}

/** Waits until something listens on a port of 127.0.0.1. */
export async function listening(what: string, port: number): Promise<void> {
  await until(`${what} on port ${port}`, 60_000, async () => {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return true;
    } finally {
      socket.destroy();
    }
  });
}
