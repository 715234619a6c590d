import type { HttpMatch, NamedMatch, PathMatch, ValueMatch } from "../mesh/route.ts";
import type { Json } from "../snapshot/resource.ts";

/** A route's match of all that a rule's match says. */
export function routeMatch(match: HttpMatch): Json {
  const headers = [
    ...(match.method === undefined ? [] : [{ name: ":method", stringMatch: { exact: match.method } }]),
    ...(match.headers ?? []).map(headerMatch),
  ];
  const queryParameters = (match.query ?? []).map(({ name, match: value }) => ({ name, stringMatch: text(value) }));
  return {
    ...path(match.path),
    ...(headers.length === 0 ? {} : { headers }),
    ...(queryParameters.length === 0 ? {} : { queryParameters }),
  };
}

function path(match: PathMatch): Json {
  switch (match.kind) {
    case "exact":
      return { path: match.value };
    case "regex":
      return { safeRegex: { regex: match.value } };
    case "prefix": {
      const prefix = elements(match.value);
      return prefix === "/" ? { prefix } : { pathSeparatedPrefix: prefix };
    }
  }
}

/** A path's matches where whole elements cannot be asked for (RBAC), without the query: one of them has to hold. */
export function pathMatchers(match: PathMatch): readonly Json[] {
  switch (match.kind) {
    case "exact":
      return [{ path: { exact: match.value } }];
    case "regex":
      return [{ path: { safeRegex: { regex: match.value } } }];
    case "prefix": {
      const prefix = elements(match.value);
      // An expression would be bounded in its length.
      if (prefix === "/") return [{ path: { prefix } }];
      return [{ path: { exact: prefix } }, { path: { prefix: `${prefix}/` } }];
    }
  }
}

/** A prefix without the slash at its end: `/a/` means the elements of `/a`. */
export function elements(prefix: string): string {
  return prefix.replace(/\/+$/, "") || "/";
}

/** A text as a regular expression that matches it alone. */
export function quoted(literal: string): string {
  return literal.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}

function headerMatch({ name, match }: NamedMatch): Json {
  return { name, stringMatch: text(match) };
}

function text(match: ValueMatch): Json {
  return match.kind === "exact" ? { exact: match.value } : { safeRegex: { regex: match.value } };
}
