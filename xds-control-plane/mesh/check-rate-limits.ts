import { claimProblems } from "./check-policies.ts";
import { each, type Finding, finding, repeated } from "./finding.ts";
import type { JwtCheck, RateLimit } from "./policy.ts";
import { numberProblem } from "./syntax.ts";

/** Envoy fills no bucket more often. */
const shortest = 50;
const longest = 24 * 60 * 60 * 1000;
/** Envoy counts the limits of a request one after another. */
const atOnce = 16;

/** What is wrong with a listener's rate limits; `jwt` is its check, which claims come from. */
export function rateLimitProblems(limits: readonly RateLimit[], jwt: JwtCheck | undefined): readonly Finding[] {
  return [
    ...repeated(
      "rateLimits",
      limits.map(({ name }) => name),
    ),
    ...each("rateLimits", limits, ({ name, by, requests, perMs }) => [
      ...finding("name", name === "" ? "it has no name" : undefined),
      ...finding("requests", numberProblem(requests, 1, 1_000_000)),
      ...finding("perMs", numberProblem(perMs, shortest, longest)),
      ...each("by", by, (key) => (key.kind === "claim" ? claimProblems(key, jwt) : [])),
      ...repeated(
        "by",
        by.map((key) => JSON.stringify(key)),
      ),
    ]),
  ];
}

/** What is wrong with the limits that a rule names. */
export function limitNameProblems(names: readonly string[], limits: readonly RateLimit[]): readonly Finding[] {
  const known = new Set(limits.map(({ name }) => name));
  return [
    ...repeated("overrides.rateLimits", names),
    ...finding("overrides.rateLimits", names.length > atOnce ? `a request has at most ${atOnce} limits` : undefined),
    ...each("overrides.rateLimits", names, (name) =>
      finding("", known.has(name) ? undefined : `the listener has no limit "${name}"`),
    ),
  ];
}
