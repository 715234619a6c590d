import { each, type Finding, finding, within } from "./finding.ts";
import type { Service } from "./service.ts";
import { addressProblem, hostnameProblem, numberProblem } from "./syntax.ts";

const longest = 24 * 60 * 60 * 1000;

export function serviceProblems(service: Service, hasIdentity: boolean): readonly Finding[] {
  const { tls, outlierDetection: outlier, circuitBreaker: breaker = {} } = service;
  return within(`services["${service.name}"]`, [
    ...finding("name", service.name === "" || service.name.length > 512 ? "a name has 1 to 512 characters" : undefined),
    ...each("endpoints", service.endpoints, (endpoint) => [
      ...finding("", addressProblem(endpoint)),
      ...(endpoint.weight === undefined ? [] : finding("weight", numberProblem(endpoint.weight, 1, 10_000))),
    ]),
    ...finding("tls", tls.kind === "mesh" && !hasIdentity ? "mutual TLS needs an identity of the proxy" : undefined),
    ...(tls.kind === "tls" ? finding("tls.hostname", hostnameProblem(tls.hostname, "names")) : []),
    ...(tls.kind === "tls" && tls.names?.length === 0 ? [{ at: "tls.names", problem: "no name would do" }] : []),
    ...(service.connectTimeoutMs === undefined
      ? []
      : finding("connectTimeoutMs", numberProblem(service.connectTimeoutMs, 1, longest))),
    ...(outlier === undefined
      ? []
      : [
          ...finding("outlierDetection.consecutiveErrors", numberProblem(outlier.consecutiveErrors, 1, 1_000_000)),
          ...finding("outlierDetection.intervalMs", numberProblem(outlier.intervalMs, 1, longest)),
          ...finding("outlierDetection.ejectionMs", numberProblem(outlier.ejectionMs, 1, longest)),
          ...finding("outlierDetection.maxEjectedPercent", numberProblem(outlier.maxEjectedPercent, 0, 100)),
        ]),
    ...Object.entries(breaker).flatMap(([name, value]) =>
      finding(`circuitBreaker.${name}`, numberProblem(value as number, 0, 2 ** 32 - 1)),
    ),
  ]);
}
