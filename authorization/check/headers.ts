import { isIdentityHeader } from "../../xds-control-plane/translate/identity-headers.ts";

const longestValue = 8 << 10;

/** Headers that say how a message is framed, routed, or came: a policy could smuggle a request by them. */
const framing = new Set([
  ...["connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "forwarded"],
]);
const ofTheWay = "x-forwarded-";

/** Headers of tokens: services take whom they name for the caller, and no proxy would have checked what a policy puts there. */
const ofTokens = new Set(["authorization", "x-auth-token", "x-subject-token"]);

/**
 * Why a decision may not set a header; undefined where it may. Services believe headers of identity, so no policy makes one.
 *
 * @param name in lower case
 */
export function headerProblem(name: string, value: unknown): string | undefined {
  if (!/^[a-z0-9!#$%&'*+.^`|~-]{1,128}$/.test(name)) return "is no name of a header";
  if (framing.has(name) || name.startsWith(ofTheWay)) return "is not the policy's to set";
  if (ofTokens.has(name) || isIdentityHeader(name)) return "says who calls: that is not the policy's to set";
  if (typeof value !== "string" || value.length > longestValue)
    return `is not a text of at most ${longestValue} characters`;
  if (!/^[\x20-\x7e\t]*$/.test(value)) return "has characters that a header has not";
  return undefined;
}
