import type { Gateway } from "#operator/api/gateway-api.ts";
import { HEALTH_PORT } from "#operator/envoy/bootstrap.ts";

/** Protocols of listeners that the control plane serves, all of them over TCP. */
const served = new Set(["HTTP", "HTTPS", "TLS"]);

/** The TCP ports of a Gateway's listeners, each once, in order. Pure. */
export function portsOf({ spec }: Gateway): readonly number[] {
  const ports = (spec?.listeners ?? []).filter(({ protocol }) => served.has(protocol)).map(({ port }) => port);
  return [...new Set(ports)].filter((port) => port !== HEALTH_PORT).sort((one, other) => one - other);
}
