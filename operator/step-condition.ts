import type { Condition, NewCondition } from "#runtime/api/conditions.ts";
import type { Outcome } from "#runtime/controller/outcome.ts";

/** What became of a step of a pass; a thrown error is one that time may mend. */
export type StepResult = Outcome | { readonly kind: "failed"; readonly error: Error };

/** The condition of one concern of a kind. A concern that the pass did not reach keeps its condition. Pure. */
export function stepCondition(
  type: string,
  result: StepResult | undefined,
  previous: Condition | undefined,
): NewCondition {
  switch (result?.kind) {
    case undefined:
      return previous ?? { type, status: "Unknown", reason: "NotReached", message: "Earlier steps come first" };
    case "settled":
      return { type, status: "True", reason: "Success", message: result.message ?? "" };
    case "waiting":
      return { type, status: "False", reason: result.reason ?? "Progressing", message: `Waiting for ${result.for}` };
    case "blocked":
      return { type, status: "False", reason: result.reason, message: result.message };
    case "failed":
      // The last good word stays: the service could not be asked, that is all that is known.
      if (previous?.status === "True") return previous;
      return { type, status: "Unknown", reason: "TransientError", message: result.error.message };
    default:
      return result satisfies never;
  }
}
