import type { Logger } from "#runtime/observe/log.ts";

/**
 * What was found by a look that only helps to say more. Where it fails, the pass goes on and says the rest; the end of the
 * process ends it as anything else.
 */
export async function optionalLook<T>(
  look: () => Promise<T | undefined>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn({ err: error }, "what is amiss cannot be looked at");
    return undefined;
  }
}
