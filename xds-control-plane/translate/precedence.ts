import type { HttpMatch, HttpRule } from "../mesh/route.ts";

/** One way into a rule: Envoy takes the first route that matches, so their order is the precedence. */
export interface Entry {
  readonly rule: HttpRule;
  readonly match: HttpMatch;
}

const everything: HttpMatch = { path: { kind: "prefix", value: "/" } };
const pathOrder = { exact: 0, regex: 1, prefix: 2 } as const;

/**
 * All ways into the rules, by Gateway API's precedence: an exact path first, then expressions, then prefixes, each the
 * longest first; then those that name a method, more headers, more query parameters; then the rules' own order.
 */
export function byPrecedence(rules: readonly HttpRule[]): readonly Entry[] {
  return rules
    .flatMap((rule) => (rule.matches.length === 0 ? [everything] : rule.matches).map((match) => ({ rule, match })))
    .map((entry, position) => ({ entry, rank: rankOf(entry.match, position) }))
    .sort((one, other) => compare(one.rank, other.rank))
    .map(({ entry }) => entry);
}

function rankOf(match: HttpMatch, position: number): readonly number[] {
  return [
    pathOrder[match.path.kind],
    -match.path.value.length,
    match.method === undefined ? 1 : 0,
    -(match.headers?.length ?? 0),
    -(match.query?.length ?? 0),
    position,
  ];
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
