import type { LocalRateLimit } from "../../mesh/policy.ts";
import { duration, fraction } from "../envoy.ts";
import type { FilterConfig, HttpFilter } from "../http-filters.ts";

const message = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

function bucket(limit: LocalRateLimit): FilterConfig {
  return {
    message,
    fields: {
      statPrefix: "local_rate_limit",
      tokenBucket: { maxTokens: limit.requests, tokensPerFill: limit.requests, fillInterval: duration(limit.perMs) },
      filterEnabled: fraction(1_000_000),
      filterEnforced: fraction(1_000_000),
      enableRetryAfterHeader: true,
      rateLimitedAsResourceExhausted: true,
    },
  };
}

/** So many requests in a time, counted by each proxy for itself. */
export const localRateLimit: HttpFilter = {
  name: "local-rate-limit",
  listener: (policies) => policies.localRateLimit && bucket(policies.localRateLimit),
  rule: (overrides) => overrides.localRateLimit && bucket(overrides.localRateLimit),
  idle: { message, fields: { statPrefix: "local_rate_limit" } },
};
