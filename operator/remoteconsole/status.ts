import type { RemoteConsole, RemoteConsoleStatus } from "#operator/api/generated/remoteconsole.ts";
import { LONGEST_SESSION_MS } from "#operator/console-limits.ts";
import { timeText } from "#runtime/api/time.ts";
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
export function outcomeOf(request: RemoteConsole, decision: Decision, now: Date): Outcome {
  const deleteAt = deletionTime(request, decision, now);
  const pollAfterMs = Math.max((deleteAt?.getTime() ?? 0) - now.getTime(), 1_000);
  switch (decision.kind) {
    case "wait": {
      const { for: awaited, kind: _kind, serverUID: _uid, ...more } = decision;
      return waiting(awaited, more);
    }
    case "issue":
      return waiting(`core Secret ${CONSOLES_SECRET} to have the URL`);
    case "issued":
      return settled({
        message: `The URL is in core Secret ${CONSOLES_SECRET}, key ${request.metadata.name}`,
        pollAfterMs: Math.max(decision.expiresAt.getTime() - now.getTime(), 1_000),
      });
    case "used":
      return settled({ message: `The URL was used at ${decision.usedAt}`, pollAfterMs });
    case "over":
      return unrecoverable(decision.why, { pollAfterMs });
    default:
      return decision satisfies never;
  }
}

/**
 * When a RemoteConsole is finished and its time since then is over; undefined for one that is not finished. One that was used is
 * finished when no connection of it can be open any more.
 */
export function deletionTime({ spec, status }: RemoteConsole, decision: Decision, now: Date): Date | undefined {
  const ttlMs = spec.ttlSecondsAfterFinished * 1_000;
  if (decision.kind === "over") return new Date((timeOf(status?.finishedAt) ?? now.getTime()) + ttlMs);
  if (decision.kind !== "used") return undefined;
  return new Date((timeOf(decision.usedAt) ?? now.getTime()) + LONGEST_SESSION_MS + ttlMs);
}

/** undefined for what is no time. */
function timeOf(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** What a pass has done. */
export interface Done {
  readonly given?: Given;
  /** Whether the URL is in the Secret no more. */
  readonly isTakenAway: boolean;
}

/**
 * The status; the URL is not in it. Who connected is said by the console proxy, and kept. `secret` stays until the URL has
 * really been taken away: by it the next pass knows that it has to be.
 */
export function statusOf(
  request: RemoteConsole,
  decision: Decision,
  { given, isTakenAway }: Done,
  now: Date,
): StatusReport<RemoteConsole> {
  const before = request.status ?? {};
  const { tokenHash, expiresAt } = given ?? before;
  const serverUID = given?.serverUID ?? before.serverUID ?? ("serverUID" in decision ? decision.serverUID : undefined);
  const { usedAt } = before;
  const finishedAt = decision.kind === "over" ? (before.finishedAt ?? timeText(now)) : undefined;
  const phase = phaseOf(decision, given);
  const secret =
    phase === "Issued"
      ? { name: CONSOLES_SECRET, key: request.metadata.name }
      : isTakenAway
        ? undefined
        : before.secret;
  const fields: Omit<RemoteConsoleStatus, "conditions" | "observedGeneration"> = {
    phase,
    ...(serverUID === undefined ? {} : { serverUID }),
    ...(tokenHash === undefined ? {} : { tokenHash }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(usedAt === undefined ? {} : { usedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(secret === undefined ? {} : { secret }),
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
