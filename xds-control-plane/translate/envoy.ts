import type { Json } from "../snapshot/resource.ts";

/** A message in an Any, by its full name. */
export function any(message: string, fields: Json = {}): Json {
  return { "@type": `type.googleapis.com/${message}`, ...fields };
}

/** A named extension, as lists of filters, loggers and options have them. */
export function extension(name: string, message: string, fields: Json = {}): Json {
  return { name, typedConfig: any(message, fields) };
}

/** Milliseconds as protobuf's JSON writes a duration. */
export function duration(ms: number): string {
  return `${ms / 1000}s`;
}

/** From the stream that everything else comes by. */
export const ads: Json = { ads: {}, resourceApiVersion: "V3" };

/** So many of a million. */
export function perMillion(numerator: number): Json {
  return { numerator, denominator: "MILLION" };
}

/** A fraction that no runtime key overrides. */
export function fraction(numerator: number): Json {
  return { defaultValue: perMillion(numerator) };
}

/** A gRPC service of the mesh. */
export function grpcService(cluster: string, timeoutMs?: number): Json {
  return { envoyGrpc: { clusterName: cluster }, ...(timeoutMs === undefined ? {} : { timeout: duration(timeoutMs) }) };
}

/** An address of IP and port, or a unix socket's path. */
export function address(of: { readonly address: string; readonly port: number }): Json {
  if (of.address.startsWith("/")) return { pipe: { path: of.address } };
  return { socketAddress: { address: of.address, portValue: of.port } };
}

/** The fields that are not undefined. */
export function defined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
