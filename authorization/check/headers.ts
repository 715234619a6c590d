import { isIdentityHeader } from "../../xds-control-plane/translate/identity-headers.ts";

const longestValue = 8 << 10;

/** Headers that say how a message is framed or routed: a policy could smuggle a request by them. */
const framing = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "x-forwarded-client-cert"],
]);

/**
 * Why a decision may not set a header; undefined where it may. Services believe headers of identity, so no policy makes one.
 *
 * @param name in lower case
 */
export function headerProblem(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9!#$%&'*+.^`|~-]{1,128}$/.test(name)) return "is no name of a header";
  if (framing.has(name)) return "is not the policy's to set";
  if (isIdentityHeader(name)) return "says who calls: that is not the policy's to set";
  if (typeof value !== "string" || value.length > longestValue)
    return `is not a text of at most ${longestValue} characters`;
  if (!/^[\x20-\x7e\t]*$/.test(value)) return "has characters that a header has not";
  return undefined;
}
