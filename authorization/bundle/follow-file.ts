import { open, stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

export interface Followed {
  readonly path: string;
  /** A larger file is not read, bytes. */
  readonly limitBytes: number;
  /** How long between two looks, milliseconds. */
  readonly everyMs?: number;
  /**
   * Gets what the file holds, first and each time that it is another; the next look waits for it. Where it gives `again`, it could not
   * take it for a reason that passes, and gets it once more: after one look, then two, four, up to 64.
   */
  readonly onContent: (content: Uint8Array) => Promise<"settled" | "again">;
  /** Hears that the file cannot be read; once, until that changes. */
  readonly onProblem: (problem: string) => void;
}

/**
 * Follows a file until the signal ends it. Kubelet changes what a volume shows by another symbolic link, so it is looked at by its path:
 * a notice of the system's would be of the file that was there before. Kubelet itself takes up to a minute, so a second is soon enough.
 */
export async function followFile(followed: Followed, signal: AbortSignal): Promise<void> {
  let seen = "";
  let retry: Retry | undefined;
  while (!signal.aborted) {
    const isDue = retry !== undefined && --retry.looks === 0;
    const found = await look(followed, isDue ? "" : seen);
    if (found.identity !== seen || isDue) {
      const failures = found.identity === seen ? (retry?.failures ?? 0) : 0;
      retry = undefined;
      if (found.kind === "problem") followed.onProblem(found.identity);
      else if ((await followed.onContent(found.content)) === "again") {
        retry = { failures: failures + 1, looks: Math.min(2 ** failures, mostLooks) };
      }
      seen = found.identity;
    }
    await delay(followed.everyMs ?? 1_000, undefined, { signal }).catch(() => undefined);
  }
}

/** What could not be taken: how often, and after how many looks it is tried again. */
interface Retry {
  readonly failures: number;
  looks: number;
}

const mostLooks = 64;

/** What was found, told apart by its identity: of a problem that is its text. */
type Found =
  | { readonly kind: "content"; readonly identity: string; readonly content: Uint8Array }
  | { readonly kind: "problem"; readonly identity: string };

const nothing = new Uint8Array();

async function look({ path, limitBytes }: Followed, seen: string): Promise<Found> {
  const problem = (identity: string): Found => ({ kind: "problem", identity });
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return problem(`${path} is not a file`);
    if (stats.size > BigInt(limitBytes)) {
      return problem(`${path} has ${stats.size} bytes: ${limitBytes} are the most`);
    }
    const identity = [stats.dev, stats.ino, stats.mtimeNs, stats.size].join(":");
    return { kind: "content", identity, content: identity === seen ? nothing : await read(path, limitBytes) };
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}

/** What is read of a file that grows meanwhile is no whole bundle, and the next look finds it to be another. */
async function read(path: string, limitBytes: number): Promise<Uint8Array> {
  await using file = await open(path, "r");
  const content = new Uint8Array(Math.min((await file.stat()).size, limitBytes));
  let filled = 0;
  while (filled < content.length) {
    const { bytesRead } = await file.read(content, filled, content.length - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return content.subarray(0, filled);
}
