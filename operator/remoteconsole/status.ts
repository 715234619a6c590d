import type { RemoteConsole, RemoteConsoleStatus } from "#operator/api/generated/remoteconsole.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import { type Outcome, settled, unrecoverable, waiting } from "#runtime/controller/outcome.ts";
import { CONSOLES_SECRET } from "./children.ts";
import type { Decision } from "./decide.ts";

/** What is said of a URL that was made in this pass. */
export interface Given {
  readonly serverUID: string;
  readonly tokenHash: string;
  readonly expiresAt: string;
}

/** How the pass ends. */
export function outcomeOf({ metadata }: RemoteConsole, decision: Decision, now: Date): Outcome {
  switch (decision.kind) {
    case "wait":
      return waiting(decision.for, decision.reason === undefined ? {} : { reason: decision.reason });
    case "issue":
      return waiting(`core Secret ${CONSOLES_SECRET} to have the URL`);
    case "issued":
      return settled({
        message: `The URL is in core Secret ${CONSOLES_SECRET}, key ${metadata.name}`,
        pollAfterMs: Math.max(decision.expiresAt.getTime() - now.getTime(), 1_000),
      });
    case "used":
      return settled({ message: `The URL was used at ${decision.usedAt}` });
    case "over":
      return unrecoverable(decision.why);
    default:
      return decision satisfies never;
  }
}

/** The status; the URL is not in it. Who connected is said by the console proxy, and kept. */
export function statusOf(
  request: RemoteConsole,
  decision: Decision,
  given: Given | undefined,
): StatusReport<RemoteConsole> {
  const { serverUID, tokenHash, expiresAt } = given ?? request.status ?? {};
  const usedAt = request.status?.usedAt;
  const phase = phaseOf(decision, given);
  const fields: Omit<RemoteConsoleStatus, "conditions" | "observedGeneration"> = {
    phase,
    ...(serverUID === undefined ? {} : { serverUID }),
    ...(tokenHash === undefined ? {} : { tokenHash }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(usedAt === undefined ? {} : { usedAt }),
    ...(phase === "Issued" ? { secret: { name: CONSOLES_SECRET, key: request.metadata.name } } : {}),
  };
  return { fields };
}

function phaseOf(decision: Decision, given: Given | undefined): NonNullable<RemoteConsoleStatus["phase"]> {
  if (given !== undefined) return "Issued";
  switch (decision.kind) {
    case "wait":
    case "issue":
      return "Pending";
    case "issued":
      return "Issued";
    case "used":
      return "Used";
    case "over":
      return decision.phase;
    default:
      return decision satisfies never;
  }
}
