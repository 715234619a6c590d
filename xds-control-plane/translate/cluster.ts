import type { SpiffeId } from "#spiffe/spiffe-id.ts";
import type { ProxyClass } from "../mesh/mesh.ts";
import type { CircuitBreaker, OutlierDetection, Service } from "../mesh/service.ts";
import type { Json } from "../snapshot/resource.ts";
import { ads, any, defined, duration } from "./envoy.ts";
import { upstreamTls } from "./tls.ts";

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** A service as a cluster, whose endpoints come by EDS under its name. */
export function cluster(service: Service, proxy: ProxyClass, denied: ReadonlySet<SpiffeId>): Json {
  return defined({
    name: service.name,
    type: "EDS",
    edsClusterConfig: { edsConfig: ads },
    connectTimeout: duration(service.connectTimeoutMs ?? 5_000),
    lbPolicy: "LEAST_REQUEST",
    transportSocket: upstreamTls(service, proxy, denied),
    typedExtensionProtocolOptions: protocolOptions(service),
    outlierDetection: service.outlierDetection && outlierDetection(service.outlierDetection),
    circuitBreakers: service.circuitBreaker && { thresholds: [thresholds(service.circuitBreaker)] },
  });
}

function protocolOptions({ protocol }: Service): Json | undefined {
  if (protocol === "tcp") return undefined;
  const explicitHttpConfig =
    protocol === "http1"
      ? { httpProtocolOptions: {} }
      : { http2ProtocolOptions: { connectionKeepalive: { interval: "30s", timeout: "10s" } } };
  // Shorter than what servers keep an idle connection for, so that we close it and no request meets its end.
  return { [httpOptions]: any(httpOptions, { commonHttpProtocolOptions: { idleTimeout: "50s" }, explicitHttpConfig }) };
}

function outlierDetection(of: OutlierDetection): Json {
  return {
    consecutive5xx: of.consecutiveErrors,
    consecutiveGatewayFailure: of.consecutiveErrors,
    interval: duration(of.intervalMs),
    baseEjectionTime: duration(of.ejectionMs),
    maxEjectionTime: duration(Math.max(of.ejectionMs * 10, 300_000)),
    maxEjectionPercent: of.maxEjectedPercent,
  };
}

function thresholds(of: CircuitBreaker): Json {
  return defined({
    maxConnections: of.maxConnections,
    maxPendingRequests: of.maxPendingRequests,
    maxRequests: of.maxRequests,
    maxRetries: of.maxRetries,
  });
}
