import type { Fault } from "../../mesh/route.ts";
import { defined, duration, perMillion } from "../envoy.ts";
import type { FilterConfig, HttpFilter } from "../http-filters.ts";

const message = "envoy.extensions.filters.http.fault.v3.HTTPFault";

function injected({ delay, abort }: Fault): FilterConfig {
  return {
    message,
    fields: defined({
      delay: delay && { fixedDelay: duration(delay.ms), percentage: perMillion(delay.perMillion) },
      abort: abort && { httpStatus: abort.status, percentage: perMillion(abort.perMillion) },
    }),
  };
}

/** Delays and errors on purpose. */
export const fault: HttpFilter = {
  name: "fault",
  listener: (policies) => policies.fault && injected(policies.fault),
  rule: (overrides) => overrides.fault && injected(overrides.fault),
  idle: { message, fields: {} },
};
