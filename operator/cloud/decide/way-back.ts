import type { Outcome } from "#runtime/controller/outcome.ts";
import type { Service } from "../children/service-config.ts";

/**
 * What the one may do who waits for a release's pods that do not come: those of another serve meanwhile. Pure.
 * @param serving the release that the part's Service leads to; "" where it says none
 */
export function withWayBack(outcome: Outcome, part: Service, serving: string): Outcome {
  if (outcome.kind !== "waiting" || serving === "") return outcome;
  const way = `${part} of ${serving} goes on serving, and spec.release may be set back to ${serving}`;
  return { ...outcome, for: `${outcome.for}; ${way}` };
}
