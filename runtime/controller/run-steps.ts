import type { Step } from "./definition.ts";
import { settled, waiting } from "./outcome.ts";
import type { PassResult } from "./status.ts";

/** The first outcome that is not settled, or settled with the last message and the earliest poll of all steps. */
export async function runSteps<Scope>(
  steps: readonly Step<Scope>[],
  scope: Scope,
  signal: AbortSignal,
): Promise<PassResult> {
  let message: string | undefined;
  let pollAfterMs: number | undefined;
  try {
    for (const step of steps) {
      if (signal.aborted) return waiting("the next start of the operator");
      const outcome = await step(scope, signal);
      if (outcome.kind !== "settled") return outcome;
      message = outcome.message ?? message;
      if (outcome.pollAfterMs !== undefined)
        pollAfterMs = Math.min(outcome.pollAfterMs, pollAfterMs ?? outcome.pollAfterMs);
    }
  } catch (error) {
    return { kind: "failed", error: error instanceof Error ? error : new Error(String(error)) };
  }
  return settled({
    ...(message === undefined ? {} : { message }),
    ...(pollAfterMs === undefined ? {} : { pollAfterMs }),
  });
}
