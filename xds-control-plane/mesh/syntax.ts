import { isIP } from "node:net";
import { RE2JS } from "re2js";

/**
 * Envoy refuses expressions that compile to more instructions. re2js compiles to about what RE2 does, not to the same, so
 * a margin is left.
 */
const largestProgram = 80;

/** What is wrong with an expression in RE2's syntax. */
export function regexProblem(text: string): string | undefined {
  if (text === "") return "an expression must not be empty";
  try {
    const size = RE2JS.compile(text).programSize();
    return size > largestProgram
      ? `"${text}" is too large an expression (${size} steps, at most ${largestProgram})`
      : undefined;
  } catch (error) {
    return `"${text}" is no expression in RE2's syntax: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What is wrong with the name of a header. */
export function headerNameProblem(name: string): string | undefined {
  if (name.length > 256 || !token.test(name)) return `"${name}" is no header's name`;
  return undefined;
}

/** Headers that a route cannot change: they are not headers, or belong to the connection. */
export function changedHeaderProblem(name: string): string | undefined {
  if (name.startsWith(":") || name.toLowerCase() === "host") {
    return `"${name}" cannot be changed as a header: rewrite the path or the host name`;
  }
  return headerNameProblem(name);
}

/** What is wrong with a header's value: line ends and zero bytes would end the header. */
export function headerValueProblem(value: string): string | undefined {
  const isControl = (code: number): boolean => (code < 0x20 && code !== 0x09) || code === 0x7f;
  return Array.from(value).some((each) => isControl(each.charCodeAt(0)))
    ? "a header's value must not hold control characters"
    : undefined;
}

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What is wrong with a host name; `*` and `*.<domain>` are patterns where they are allowed. */
export function hostnameProblem(name: string, patterns: "patterns" | "names"): string | undefined {
  if (patterns === "patterns" && name === "*") return undefined;
  const rest = patterns === "patterns" && name.startsWith("*.") ? name.slice(2) : name;
  const isName = rest.length <= 253 && rest.split(".").every((each) => label.test(each));
  return isName || isIP(name) === 4 ? undefined : `"${name}" is no host name`;
}

/** What is wrong with a path to be matched or put in: visible ASCII from a slash on, without query and fragment. */
export function pathProblem(path: string): string | undefined {
  return /^\/[!-"$->@-~]*$/.test(path) ? undefined : `"${path}" is no path: it begins with "/" and holds no query`;
}

/** What is wrong with where something listens or is found: an IP address and a port, or a unix socket's path and 0. */
export function addressProblem(of: { readonly address: string; readonly port: number }): string | undefined {
  if (of.address.startsWith("/")) {
    if (of.address.length > 107) return `"${of.address}" is too long for a unix socket`;
    return of.port === 0 ? undefined : `a unix socket has no port`;
  }
  if (isIP(of.address) === 0) return `"${of.address}" is no IP address`;
  return Number.isInteger(of.port) && of.port >= 1 && of.port <= 65_535 ? undefined : `${of.port} is no port`;
}

/** What is wrong with a whole number. */
export function numberProblem(value: number, least: number, most: number): string | undefined {
  return Number.isInteger(value) && value >= least && value <= most
    ? undefined
    : `${value} is no whole number from ${least} to ${most}`;
}
