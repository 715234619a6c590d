import type { JwtProvider, JwtRequirement } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { defined, duration } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";

/** Tokens that carry their proof. Claims are kept under the provider's name, for access rules and others. */
export const jwt: HttpFilter = {
  name: "envoy.filters.http.jwt_authn",
  listener: ({ jwt: check }) =>
    check && {
      message: "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
      fields: {
        providers: Object.fromEntries(check.providers.map((each) => [each.name, provider(each)])),
        requirementMap: Object.fromEntries(check.requirements.map((each) => [each.name, requirement(each)])),
        rules: [{ match: { prefix: "/" }, requirementName: check.standard }],
      },
    },
  rule: ({ jwtRequirement }) =>
    jwtRequirement === undefined
      ? undefined
      : {
          message: "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig",
          fields: { requirementName: jwtRequirement },
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
    fromHeaders: of.headers?.map(({ name, prefix }) => defined({ name, valuePrefix: prefix })),
    ...(keys.kind === "inline"
      ? { localJwks: { inlineString: keys.jwks } }
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
