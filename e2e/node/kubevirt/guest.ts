import { request } from "undici";
import { until } from "../../cluster/wait.ts";
import type { NodeHandle } from "../handle.ts";

/** How long one question to a guest may take, in milliseconds. */
const answerMs = 2_000;

/** A test guest that runs. It serves every file that it has. */
export interface Guest {
  /** A file's content, without white space around it; waits until the guest answers. */
  read(path: string, withinMs?: number): Promise<string>;
  /** The status of one answer; undefined where none comes in time. */
  status(path: string): Promise<number | undefined>;
  close(): void;
}

/** @param address the guest's address in the pods' network */
export async function openGuest(node: NodeHandle, address: string): Promise<Guest> {
  const way = await node.reach(`${address}:80`);
  const ask = (path: string) =>
    request(`http://127.0.0.1:${way.port}${path}`, { signal: AbortSignal.timeout(answerMs) });
  return {
    read: (path, withinMs = 120_000) =>
      until(`${path} of the guest at ${address}`, withinMs, async () => {
        const { statusCode, body } = await ask(path);
        const text = await body.text();
        return statusCode === 200 ? text.trim() : undefined;
      }),
    status: async (path) => {
      try {
        const { statusCode, body } = await ask(path);
        await body.dump();
        return statusCode;
      } catch {
        return undefined;
      }
    },
    close: () => way.close(),
  };
}
