import type { Tracing } from "../mesh/mesh.ts";
import type { Json } from "../snapshot/resource.ts";
import { extension, grpcService } from "./envoy.ts";

/** Spans by OTLP; W3C's traceparent is taken from the caller and passed on. */
export function tracing(of: Tracing, serviceName: string): Json {
  return {
    // A caller's decision to trace holds; of the others so many are traced.
    clientSampling: { value: 100 },
    randomSampling: { value: of.perMillion / 10_000 },
    overallSampling: { value: 100 },
    provider: extension("envoy.tracers.opentelemetry", "envoy.config.trace.v3.OpenTelemetryConfig", {
      grpcService: grpcService(of.service, 1_000),
      serviceName,
    }),
  };
}
