import type { RateLimit, RateLimitKey } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { duration, fraction } from "../envoy.ts";
import type { FilterConfig, HttpFilter } from "../http-filters.ts";
import { metadataOfRoute } from "../route-metadata.ts";

/** How many addresses or claims each limit tells apart; of more, the one that was seen least lately begins anew. */
const keysAtMost = 16_384;

/** More than any limit: what no limit counts takes from it, and Envoy wants one. */
const unlimited = { maxTokens: 2 ** 32 - 1, tokensPerFill: 2 ** 32 - 1, fillInterval: "0.050s" };

const countsClaim = ({ by }: RateLimit): boolean => by.some(({ kind }) => kind === "claim");

/**
 * So many requests in a time, before anything is spent on them. The buckets are the listener's, so that all routes that name a limit
 * share them, and a change of the routes leaves them as they are.
 */
export const rateLimit: HttpFilter = {
  name: "rate-limit",
  discovered: "chain",
  listener: ({ rateLimits }) =>
    rateLimits &&
    buckets(
      "rate_limit",
      rateLimits.filter((limit) => !countsClaim(limit)),
    ),
};

/** So many requests by what checked tokens say. */
export const rateLimitByClaim: HttpFilter = {
  name: "rate-limit-by-claim",
  discovered: "chain",
  listener: ({ rateLimits }) => rateLimits && buckets("rate_limit_by_claim", rateLimits.filter(countsClaim)),
};

function buckets(statPrefix: string, limits: readonly RateLimit[]): FilterConfig {
  return {
    message: "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
    fields: {
      statPrefix,
      tokenBucket: unlimited,
      alwaysConsumeDefaultTokenBucket: false,
      maxDynamicDescriptors: keysAtMost,
      descriptors: limits.map(({ name, by, requests, perMs }) => ({
        // An entry without a value stands for each that there is.
        entries: [{ key: "limit", value: name }, ...by.map((key, at) => ({ key: keyName(key, at) }))],
        tokenBucket: { maxTokens: requests, tokensPerFill: requests, fillInterval: duration(perMs) },
      })),
      rateLimits: limits.map(({ name, by }) => ({
        actions: [{ metadata: { descriptorKey: "limit", ...metadataOfRoute("rateLimits", name) } }, ...by.map(action)],
      })),
      filterEnabled: fraction(1_000_000),
      filterEnforced: fraction(1_000_000),
      enableRetryAfterHeader: true,
      rateLimitedAsResourceExhausted: true,
    },
  };
}

function keyName(key: RateLimitKey, at: number): string {
  return key.kind === "remoteAddress" ? "masked_remote_address" : `claim-${at}`;
}

function action(key: RateLimitKey, at: number): Json {
  if (key.kind === "remoteAddress") return { maskedRemoteAddress: { v4PrefixMaskLen: 32, v6PrefixMaskLen: 64 } };
  const path = [key.provider, ...key.path].map((each) => ({ key: each }));
  const metadataKey = { key: "envoy.filters.http.jwt_authn", path };
  return { metadata: { descriptorKey: keyName(key, at), metadataKey, source: "DYNAMIC" } };
}
