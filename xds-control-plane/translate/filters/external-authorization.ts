import { grpcService } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";

/** Another service's decision on each request. It fails closed. */
export const externalAuthorization: HttpFilter = {
  name: "external-authorization",
  listener: ({ externalAuthorization: by, jwt }) =>
    by && {
      message: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
      fields: {
        grpcService: grpcService(by.service, by.timeoutMs),
        transportApiVersion: "V3",
        failureModeAllow: false,
        statusOnError: { code: "ServiceUnavailable" },
        // Whatever it adds must be a valid header.
        validateMutations: true,
        ...(jwt === undefined ? {} : { metadataContextNamespaces: ["envoy.filters.http.jwt_authn"] }),
      },
    },
  rule: ({ externalAuthorization: own }) =>
    own === false
      ? { message: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", fields: { disabled: true } }
      : undefined,
};
