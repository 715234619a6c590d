import type { JwtCheck } from "../mesh/policy.ts";
import type { Json } from "../snapshot/resource.ts";
import { failureMetadata } from "./filters/jwt.ts";
import { formatOfRoute } from "./route-metadata.ts";

/**
 * A refusal of a token as OpenStack's services word it, which their clients read: they log in anew at 401, and show `message`. Which
 * of a token's faults it was is for the access log.
 */
export function refusals(jwt: JwtCheck | undefined): Json | undefined {
  if (jwt === undefined) return undefined;
  const challenge = { key: "www-authenticate", value: formatOfRoute("challenge") };
  return {
    mappers: [
      {
        filter: { andFilter: { filters: [{ statusCodeFilter: is401 }, { metadataFilter: ofTokens }] } },
        bodyFormatOverride: { jsonFormat: { error: { code: 401, message, title: "Unauthorized" } } },
        headersToAdd: [{ header: challenge, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }],
      },
    ],
  };
}

const message = "The request you have made requires authentication.";
const is401: Json = { comparison: { op: "EQ", value: { defaultValue: 401, runtimeKey: "nephele.unauthorized" } } };
/** The check of tokens raises no flag of its own. */
const ofTokens: Json = {
  matcher: {
    filter: failureMetadata.filter,
    path: [failureMetadata.key, "code"].map((key) => ({ key })),
    value: { presentMatch: true },
  },
  matchIfKeyNotFound: false,
};
