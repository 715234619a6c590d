import type { Json } from "../../snapshot/resource.ts";
import { grpcService } from "../envoy.ts";
import type { HttpFilter } from "../http-filters.ts";

const message = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";

/** No service has this name: those of a cluster begin with a namespace's, which has no dot. */
const nobody = "nephele.dev/nobody";

/**
 * Who the filter asks that stands in a chain before anybody is to be asked: it has no endpoint, so that nothing would pass. Envoy
 * 1.40 takes a filter without a service, too, but answers nothing more when a rule switches it on with a service of its own.
 */
export const nobodyCluster: Json = {
  name: nobody,
  type: "STATIC",
  connectTimeout: "1s",
  loadAssignment: { clusterName: nobody },
};

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
  idle: { message, fields: { grpcService: grpcService(nobody, 1_000), ...common } },
};
