/** The names that both allow: `undefined` and an empty list allow all. Wildcards stand for one label or more, as in Gateway API. */
export function intersection(listener: string | undefined, route: readonly string[]): readonly string[] {
  const own = patternOf(listener);
  if (route.length === 0) return [own];
  const names = route.map((name) => narrower(own, name.toLowerCase())).filter((name) => name !== undefined);
  return [...new Set(names)];
}

/** A listener's host name as a pattern: without one it is for all. */
export function patternOf(hostname: string | undefined): string {
  return hostname === undefined || hostname === "" ? "*" : hostname.toLowerCase();
}

/** The narrower of two names where one allows all that the other does. */
function narrower(one: string, other: string): string | undefined {
  if (allows(one, other)) return other;
  return allows(other, one) ? one : undefined;
}

/** Whether a name, or each that a wildcard stands for, is among those of a pattern. */
export function allows(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  return pattern.startsWith("*.") && name.endsWith(pattern.slice(1));
}
