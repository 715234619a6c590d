import type { Verdict } from "./decision.ts";
import type { Plain } from "./struct.ts";

/** Codes of google.rpc.Status. */
const [ok, permissionDenied, unavailable] = [0, 7, 14];

/**
 * A verdict as an envoy.service.auth.v3.CheckResponse, in protobufjs' plain form. A header stands in place of what the caller brought
 * under its name. Without a decision the answer is 503: asking again may help, and why is in our log alone.
 */
export function responseOf(verdict: Verdict): Plain {
  switch (verdict.kind) {
    case "allowed":
      return { status: { code: ok }, okResponse: { headers: headersOf(verdict.headers) } };
    case "denied":
      return {
        status: { code: permissionDenied },
        deniedResponse: {
          status: { code: verdict.status },
          headers: headersOf(verdict.headers),
          body: verdict.body,
        },
      };
    case "failed":
      return { status: { code: unavailable }, deniedResponse: { status: { code: 503 } } };
  }
}

function headersOf(headers: ReadonlyMap<string, string>): readonly Plain[] {
  return [...headers].map(([key, value]) => ({
    header: { key, value },
    appendAction: "OVERWRITE_IF_EXISTS_OR_ADD",
  }));
}
