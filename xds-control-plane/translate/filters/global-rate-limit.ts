import type { RateLimitDescriptor, RateLimitEntry } from "../../mesh/policy.ts";
import type { Json } from "../../snapshot/resource.ts";
import { duration, grpcService } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";

/** So many requests in a time, counted by a service for all proxies. It fails closed. */
export const globalRateLimit: HttpFilter = {
  name: "global-rate-limit",
  listener: ({ globalRateLimit: by }) =>
    by && {
      message: "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
      fields: {
        domain: by.domain,
        timeout: duration(by.timeoutMs),
        failureModeDeny: true,
        statusOnError: { code: "ServiceUnavailable" },
        rateLimitedAsResourceExhausted: true,
        enableRetryAfterHeader: true,
        enableXRatelimitHeaders: "DRAFT_VERSION_03",
        rateLimitService: { grpcService: grpcService(by.service), transportApiVersion: "V3" },
        rateLimits: by.descriptors.map(actions),
      },
    },
  rule: ({ globalRateLimit: own }) =>
    own && {
      message: "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
      fields: { rateLimits: own.map(actions) },
    },
};

function actions(descriptor: RateLimitDescriptor): Json {
  return { actions: descriptor.map(action) };
}

function action(entry: RateLimitEntry): Json {
  switch (entry.kind) {
    case "remoteAddress":
      return { remoteAddress: {} };
    case "header":
      return { requestHeaders: { headerName: entry.name, descriptorKey: entry.key } };
    case "claim": {
      const path = [entry.provider, ...entry.path].map((key) => ({ key }));
      const metadataKey = { key: "envoy.filters.http.jwt_authn", path };
      return { metadata: { descriptorKey: entry.key, metadataKey, source: "DYNAMIC" } };
    }
    case "constant":
      return { genericKey: { descriptorKey: entry.key, descriptorValue: entry.value } };
  }
}
