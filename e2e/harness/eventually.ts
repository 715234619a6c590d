import { setTimeout as sleep } from "node:timers/promises";

/** An alarm, not a measure: what takes longer than this does not happen. */
const WITHIN_MS = 30_000;
const STEP_MS = 100;

/**
 * Waits until `look` gives something other than undefined or false, and gives that. What it throws counts as "not yet".
 * @param what in words, for the error: "Secret db-password to be Ready"
 * @throws Error with the last thing seen, when the time is over
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  options: { readonly withinMs?: number; readonly seen?: () => unknown } = {},
): Promise<T> {
  const deadline = performance.now() + (options.withinMs ?? WITHIN_MS);
  let problem: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      problem = undefined;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) {
      const seen = options.seen === undefined ? "" : `; last seen: ${JSON.stringify(options.seen())}`;
      const cause = problem === undefined ? {} : { cause: problem };
      throw new Error(
        `waited in vain for ${what}${seen}${problem instanceof Error ? `; ${problem.message}` : ""}`,
        cause,
      );
    }
    await sleep(STEP_MS);
  }
}
