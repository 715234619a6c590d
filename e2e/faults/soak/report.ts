import type { Summary } from "./summary.ts";

/** What must be so while something happens: no error; or a pause of so many milliseconds at most; or, as a control, errors. */
export type Goal = "no error" | { readonly pauseAtMostMs: number } | "errors";

/** One event that was lived through under load. */
export interface Happened extends Summary {
  readonly what: string;
  readonly goal: Goal;
  /** From its beginning until all was as it should be again, in seconds. */
  readonly seconds: number;
  /** Acknowledged writes that could not be read afterwards. */
  readonly lost: number;
}

/** Whether an event went as it must. */
export function met({ goal, errors, longestPause, lost }: Happened): boolean {
  const failed = Object.keys(errors).length > 0;
  if (lost > 0) return false;
  if (goal === "errors") return failed;
  return goal === "no error" ? !failed : longestPause <= goal.pauseAtMostMs;
}

export interface Load {
  /** Operations a second that the load began, and that were answered when four were always under way. */
  readonly perSecond: number;
  readonly capacity: number;
  /** Of the machine at the end, over fifteen minutes, and how many cores it has. */
  readonly machine: { readonly loadAverage: number; readonly cores: number };
}

const HEAD = `# A Cloud under load, while things happen to it

Written by \`make soak\` (e2e/faults/soak): a Cloud of its own on the local cluster's node, three members of PostgreSQL, two pods of
Keystone and of Barbican, made as release 2025.1. A tenant goes on all the time at a constant rate, whether answers come or
not: of ten operations seven ask Keystone about the token and Barbican for a payload, two store a secret, one
logs in anew and goes on with that token. An operation that is not answered within thirty seconds has failed. After each
event everything that was acknowledged is read. A row ends when the Cloud is Ready and all its pods are.
`;

/** The report as Markdown. */
export function reportText(load: Load, events: readonly Happened[]): string {
  const rows = events.map((event) => {
    const { what, seconds, counts, errors, p50, p99, longestPause, lost } = event;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
    const verdict = `${goalText(event.goal)} – ${met(event) ? "met" : "**missed**"}`;
    return `| ${what} | ${seconds.toFixed(0)} s | ${total} | ${failed} | ${lost} | ${p50.toFixed(0)} | ${p99.toFixed(0)} | ${(longestPause / 1000).toFixed(1)} s | ${verdict} |`;
  });
  const said = events.flatMap(({ what, errors }) =>
    Object.entries(errors).map(([error, count]) => `| ${what} | ${count} | ${error} |`),
  );
  return [
    HEAD,
    `The load: ${load.perSecond.toFixed(1)} operations a second; ${load.capacity.toFixed(1)} were answered with four always under way.
The machine has ${load.machine.cores} cores; its load average over fifteen minutes was ${load.machine.loadAverage.toFixed(0)}. Where that is many times the cores, other
programs took most of the machine. "other side closed" is a connection that was made and cut, "read ECONNRESET" one that could
not be made within two seconds: the way into the node's network (e2e/tools/node/forward) gives up then.`,
    "",
    "| what happened | lasted | operations | failed | writes lost | p50 ms | p99 ms | longest pause of a kind | goal |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...(said.length === 0 ? [] : ["| what happened | times | what failed |", "| --- | --- | --- |", ...said, ""]),
  ].join("\n");
}

function goalText(goal: Goal): string {
  if (goal === "errors") return "control: errors";
  return goal === "no error" ? goal : `a pause of at most ${goal.pauseAtMostMs / 1000} s`;
}
