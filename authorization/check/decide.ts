import { randomUUID } from "node:crypto";
import type { Logger } from "#runtime/observe/log.ts";
import type { Policy } from "../policy/policies.ts";
import { judge, type Verdict } from "./decision.ts";
import { type Asked, readRequest, UnreadableRequest } from "./input.ts";
import type { Plain } from "./struct.ts";

export interface Deciding {
  /** The policy of the moment; without one nothing is allowed. */
  readonly policy: () => Policy | undefined;
  /** Where each decision is written. */
  readonly record: Logger;
  readonly observe: (kind: Verdict["kind"], seconds: number) => void;
}

const longestLogged = 1_024;

/**
 * Decides on a request, and has the decision on record before anybody acts by it. Never there: headers, tokens, query and body; nor,
 * where too many wait, anything of a request that was not even read.
 *
 * @param request reads it, in protobufjs' plain form
 */
export async function decide({ policy, record, observe }: Deciding, request: () => Plain): Promise<Verdict> {
  const begin = performance.now();
  const current = policy();
  const { asked, verdict } = await verdictOn(current, request);
  const milliseconds = performance.now() - begin;
  observe(verdict.kind, milliseconds / 1_000);
  record.info(
    {
      decision: randomUUID(),
      revision: current?.revision,
      caller: asked?.caller,
      method: asked?.method.slice(0, longestLogged),
      path: asked?.path.slice(0, longestLogged),
      allowed: verdict.kind === "allowed",
      status: statusOf(verdict),
      reason: verdict.reason,
      microseconds: Math.round(milliseconds * 1_000),
    },
    "decided",
  );
  return verdict;
}

async function verdictOn(
  current: Policy | undefined,
  request: () => Plain,
): Promise<{ readonly asked?: Asked | undefined; readonly verdict: Verdict }> {
  const full = current?.pool.full;
  if (full !== undefined) return { verdict: { kind: "failed", reason: full } };
  const [asked, problem] = read(request());
  if (asked === undefined) {
    return { verdict: { kind: "denied", reason: problem, status: 400, headers: new Map(), body: "" } };
  }
  if (current === undefined) return { asked, verdict: { kind: "failed", reason: "there is no good bundle" } };
  return { asked, verdict: judge(await current.pool.evaluate(asked.input)) };
}

function read(request: Plain): readonly [Asked, undefined] | readonly [undefined, string] {
  try {
    return [readRequest(request), undefined];
  } catch (error) {
    if (!(error instanceof UnreadableRequest)) throw error;
    return [undefined, error.message];
  }
}

/** With what the request is refused. */
function statusOf(verdict: Verdict): number | undefined {
  if (verdict.kind === "allowed") return undefined;
  return verdict.kind === "denied" ? verdict.status : 503;
}
