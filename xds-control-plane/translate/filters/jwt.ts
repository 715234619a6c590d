import { canonicalJwks } from "../../mesh/key-set.ts";
import type { JwtProvider, JwtRequirement } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { defined, duration } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";
import { requirementState } from "./jwt-requirement.ts";

/** Where Envoy keeps why it refused a token. No provider's name begins so: see the check of the mesh. */
export const failureMetadata = { filter: "envoy.filters.http.jwt_authn", key: "!failed" } as const;

/**
 * Tokens that carry their proof. Claims are kept under the provider's name, for access rules and others. Other keys act at once, and
 * leave open connections as they are.
 */
export const jwt: HttpFilter = {
  name: "jwt",
  discovered: "chain",
  listener: ({ jwt: check }) =>
    check && {
      message: "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
      fields: {
        providers: Object.fromEntries(check.providers.map((each) => [each.name, provider(each)])),
        filterStateRules: {
          name: requirementState,
          requires: Object.fromEntries(check.requirements.map((each) => [each.name, requirement(each)])),
        },
      },
    },
};

function provider(of: JwtProvider): Json {
  const { keys } = of;
  return defined({
    issuer: of.issuer,
    audiences: of.audiences,
    requireExpiration: true,
    forward: of.forward,
    payloadInMetadata: of.name,
    failedStatusInMetadata: failureMetadata.key,
    fromHeaders: of.headers?.map(({ name, prefix }) => defined({ name, valuePrefix: prefix })),
    ...(keys.kind === "inline"
      ? { localJwks: { inlineString: canonicalJwks(keys.jwks) } }
      : {
          remoteJwks: {
            httpUri: { uri: keys.uri, cluster: keys.service, timeout: "5s" },
            cacheDuration: duration(keys.cacheMs),
            asyncFetch: {},
          },
        }),
  });
}

function requirement({ providers, isOptional }: JwtRequirement): Json {
  const requirements: Json[] = providers.map((providerName) => ({ providerName }));
  if (isOptional === true) requirements.push({ allowMissing: {} });
  const [only] = requirements;
  return requirements.length === 1 && only !== undefined ? only : { requiresAny: { requirements } };
}
