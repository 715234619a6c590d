import type { Evaluated } from "../policy/messages.ts";
import { headerProblem } from "./headers.ts";

/** What becomes of a request. `failed`: there is no decision, so it is refused, too. */
export type Verdict =
  | { readonly kind: "allowed"; readonly reason: string | undefined; readonly headers: Headers }
  | {
      readonly kind: "denied";
      readonly reason: string | undefined;
      readonly status: number;
      readonly headers: Headers;
      readonly body: string;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** Of a request that goes on they are the request's, of a refusal the answer's. */
type Headers = ReadonlyMap<string, string>;

const longestReason = 1_024;
const largestBody = 64 << 10;
const mostHeaders = 32;
const parts = ["allowed", "reason", "http_status", "headers", "body"] as const;
type Part = (typeof parts)[number];

/**
 * What a policy decided: `true`, `false`, or an object of the parts above, `allowed` among them. A part that is not known or not
 * of its form makes the whole no decision: what its author meant by it would be missing. Where the policy says nothing at all the
 * request is denied.
 */
export function judge(evaluated: Evaluated): Verdict {
  if (evaluated.kind === "failed") return failed(evaluated.why);
  const { resultSet } = evaluated;
  if (!Array.isArray(resultSet) || resultSet.length > 1) return failed("the policy gave no set of one result");
  const [first] = resultSet as readonly unknown[];
  if (first === undefined) return denied({ reason: "the policy decides nothing for such a request" });
  const decision = isObject(first) ? first["result"] : undefined;
  if (decision === true) return { kind: "allowed", reason: undefined, headers: new Map() };
  if (decision === false) return denied({});
  if (!isObject(decision)) return failed(`the decision is ${typeNameOf(decision)}, neither a boolean nor an object`);
  return judgeObject(decision);
}

function judgeObject(decision: Readonly<Record<string, unknown>>): Verdict {
  const unknown = Object.keys(decision).find((key) => !parts.some((part) => part === key));
  if (unknown !== undefined) return failed(`the decision has a part that is not known, ${JSON.stringify(unknown)}`);
  const { allowed, reason, http_status: status, headers = {}, body = "" } = decision as Partial<Record<Part, unknown>>;
  if (typeof allowed !== "boolean") return failed("the decision's allowed is not a boolean");
  if (reason !== undefined && (typeof reason !== "string" || reason.length > longestReason)) {
    return failed(`the decision's reason is not a text of at most ${longestReason} characters`);
  }
  if (typeof body !== "string" || body.length > largestBody) {
    return failed(`the decision's body is not a text of at most ${largestBody} characters`);
  }
  if (status !== undefined && !isStatus(status, allowed)) {
    return failed(`the decision's http_status does not go with allowed: ${allowed}`);
  }
  if (!isObject(headers)) return failed("the decision's headers are not an object");
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  if (pairs.length > mostHeaders) return failed(`the decision has more than ${mostHeaders} headers`);
  for (const [name, value] of pairs) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) return failed(`the decision's header ${JSON.stringify(name)} ${problem}`);
  }
  const byName = new Map(pairs as readonly (readonly [string, string])[]);
  if (byName.size < pairs.length) return failed("the decision has headers whose names are equal but for case");
  const said = { reason, headers: byName };
  return allowed ? { kind: "allowed", ...said } : denied({ ...said, status, body });
}

/** Statuses of answers that end a request, and that Envoy's API has: of a refusal none may look like a success. */
const refusals = new Set([
  ...[301, 302, 303, 307, 308],
  ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424],
  ...[426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
]);

/** Policies commonly work a status out for each request: of one that goes on it is 200, and the service answers with its own. */
function isStatus(status: unknown, allowed: boolean): status is number {
  return allowed ? status === 200 : refusals.has(status as number);
}

function denied({
  reason,
  status = 403,
  headers = new Map(),
  body = "",
}: {
  readonly reason?: string | undefined;
  readonly status?: number | undefined;
  readonly headers?: Headers;
  readonly body?: string;
}): Verdict {
  return { kind: "denied", reason, status, headers, body };
}

function failed(reason: string): Verdict {
  return { kind: "failed", reason };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeNameOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
