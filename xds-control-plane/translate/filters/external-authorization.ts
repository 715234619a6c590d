import type { Json } from "../../snapshot/resource.ts";
import { grpcService } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";

const message = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";

/** However it is asked. */
const common: Json = {
  transportApiVersion: "V3",
  failureModeAllow: false,
  statusOnError: { code: "ServiceUnavailable" },
  // Whatever it adds must be a valid header.
  validateMutations: true,
  metadataContextNamespaces: ["envoy.filters.http.jwt_authn"],
};

/** Another service's decision on each request. It fails closed. */
export const externalAuthorization: HttpFilter = {
  name: "external-authorization",
  listener: ({ externalAuthorization: by }) =>
    by && { message, fields: { grpcService: grpcService(by.service, by.timeoutMs), ...common } },
  rule: ({ externalAuthorization: own }) =>
    own === undefined
      ? undefined
      : {
          message: "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
          fields:
            own === false
              ? { disabled: true }
              : { checkSettings: { grpcService: grpcService(own.service, own.timeoutMs) } },
        },
  idle(rules) {
    // Envoy takes a filter without a service, and answers nothing more when a rule switches it on. It is the first by name, so that other rules
    // seldom change the listener.
    const [first] = rules
      .flatMap(({ externalAuthorization: own }) => own || [])
      .sort((one, other) => (one.service < other.service ? -1 : 1));
    return first && { message, fields: { grpcService: grpcService(first.service, first.timeoutMs), ...common } };
  },
};
