import type { Json } from "../snapshot/resource.ts";
import { extension } from "./envoy.ts";
import { trialPrefix } from "./filters/rbac.ts";

/** Who called whom, as a JSON line. No header that may hold a credential, no query: they may hold secrets. */
const fields = {
  time: "%START_TIME%",
  peer: "%DOWNSTREAM_PEER_URI_SAN%",
  address: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
  upstream: "%UPSTREAM_HOST%",
  cluster: "%UPSTREAM_CLUSTER_RAW%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  durationMs: "%DURATION%",
  received: "%BYTES_RECEIVED%",
  sent: "%BYTES_SENT%",
  serverName: "%REQUESTED_SERVER_NAME%",
  tlsFailure: "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%",
} as const;

/** Of bytes there is no answer that could have details: why a connection was ended, as by rules that let nobody of that name in. */
const TERMINATION = "%CONNECTION_TERMINATION_DETAILS%";

/** What rules on trial said: `denied` would have been refused. */
const trial = (filters: "http" | "network"): string =>
  `%DYNAMIC_METADATA(envoy.filters.${filters}.rbac:${trialPrefix}shadow_engine_result)%`;

const httpFields = {
  method: "%REQ(:METHOD)%",
  authority: "%REQ(:AUTHORITY)%",
  path: "%PATH(NQ)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  route: "%ROUTE_NAME%",
  requestId: "%REQ(X-REQUEST-ID)%",
  traceparent: "%REQ(TRACEPARENT)%",
} as const;

/**
 * All but what a route answered: whom no route takes has a flag (NR), and so has who breaks HTTP's rules (DPE); a path that is none (400) has
 * no flag.
 */
const notAnswered = {
  orFilter: {
    filters: [
      { responseFlagFilter: {} },
      {
        statusCodeFilter: { comparison: { op: "EQ", value: { defaultValue: 400, runtimeKey: "access_log.no_path" } } },
      },
    ],
  },
} as const;

/** @param only what stands in it; all where nothing is said */
export function accessLog(of: "http" | "tcp", only: "all" | "refused" = "all"): readonly Json[] {
  const jsonFormat =
    of === "http"
      ? { ...fields, ...httpFields, trial: trial("http") }
      : { ...fields, details: TERMINATION, trial: trial("network") };
  const log = extension("envoy.access_loggers.stdout", "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
    logFormat: { jsonFormat },
  });
  return [only === "all" ? log : { ...log, filter: notAnswered }];
}
