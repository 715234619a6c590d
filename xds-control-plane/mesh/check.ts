import { policyProblems } from "./check-policies.ts";
import { limitNameProblems, rateLimitProblems } from "./check-rate-limits.ts";
import { actionProblems, headerChangeProblems, matchProblems } from "./check-routes.ts";
import { serviceProblems } from "./check-services.ts";
import { each, type Finding, finding, repeated, within } from "./finding.ts";
import type { HttpChain, Listener, Mesh, ProxyClass, TcpChain } from "./mesh.ts";
import type { WeightedBackend } from "./route.ts";
import { addressProblem, hostnameProblem, numberProblem } from "./syntax.ts";
import { servicesOf } from "./used-services.ts";

/**
 * What is wrong with what a proxy would be configured from, each with its place. A proxy without findings is translated
 * into something that Envoy takes (a fuzz test holds both together).
 */
export function problemsOf(mesh: Mesh, proxy: ProxyClass): readonly Finding[] {
  const names = [...servicesOf(proxy)];
  return [
    ...names
      .filter((name) => !mesh.services.has(name))
      .map((name) => ({ at: "services", problem: `there is no service "${name}"` })),
    ...names.flatMap((name) => {
      const service = mesh.services.get(name);
      return service === undefined ? [] : serviceProblems(service, proxy.identity !== undefined);
    }),
    ...repeated(
      "listeners",
      proxy.listeners.map(({ name }) => name),
    ),
    ...repeated(
      "listeners",
      proxy.listeners.map(({ address, port }) => `${address}:${port}`),
    ),
    ...repeated(
      "certificates",
      proxy.certificates.map(({ name }) => name),
    ),
    ...each("listeners", proxy.listeners, (listener) => listenerProblems(listener, proxy)),
    ...(proxy.tracing === undefined ? [] : finding("tracing", numberProblem(proxy.tracing.perMillion, 0, 1_000_000))),
  ];
}

function listenerProblems(listener: Listener, proxy: ProxyClass): readonly Finding[] {
  return [
    ...finding("name", listener.name === "" ? "it has no name" : undefined),
    ...finding("address", addressProblem(listener)),
    ...finding("chains", listener.chains.length === 0 ? "it has none, so it would take no connection" : undefined),
    ...repeated(
      "chains",
      listener.chains.flatMap(({ serverNames }) => (serverNames.length === 0 ? ["*"] : serverNames)),
    ),
    ...each("chains", listener.chains, (chain) => [
      ...tlsProblems(chain, proxy),
      ...(chain.kind === "http" ? httpProblems(chain) : tcpProblems(chain)),
    ]),
  ];
}

function tlsProblems({ tls, serverNames }: HttpChain | TcpChain, proxy: ProxyClass): readonly Finding[] {
  const problems = each("serverNames", serverNames, (name) => finding("", serverNameProblem(name)));
  if (tls.kind === "mesh" && proxy.identity === undefined) {
    return [...problems, { at: "tls", problem: "mutual TLS needs an identity of the proxy" }];
  }
  if (tls.kind !== "terminate") return problems;
  const known = new Set(proxy.certificates.map(({ name }) => name));
  return [
    ...problems,
    ...finding("tls", tls.certificates.length === 0 ? "it has no certificate" : undefined),
    ...repeated("tls.certificates", tls.certificates),
    ...each("tls.certificates", tls.certificates, (name) =>
      finding("", known.has(name) ? undefined : `there is no certificate "${name}"`),
    ),
  ];
}

function serverNameProblem(name: string): string | undefined {
  return name === "*" ? "for all names the list is empty" : hostnameProblem(name, "patterns");
}

function httpProblems(chain: HttpChain): readonly Finding[] {
  const requirements = new Set(chain.policies.jwt?.requirements.map(({ name }) => name));
  return [
    ...repeated(
      "hosts",
      chain.hosts.map(({ hostname }) => hostname.toLowerCase()),
    ),
    ...each("hosts", chain.hosts, ({ hostname, rules }) => [
      ...finding("hostname", hostnameProblem(hostname, "patterns")),
      ...each("rules", rules, (rule) => [
        ...each("matches", rule.matches, matchProblems),
        ...actionProblems(rule.action),
        ...headerChangeProblems("requestHeaders", rule.requestHeaders),
        ...headerChangeProblems("responseHeaders", rule.responseHeaders),
        ...overrideProblems(rule.overrides?.jwtRequirement, requirements),
        ...limitNameProblems(rule.overrides?.rateLimits ?? [], chain.policies.rateLimits ?? []),
        ...policyProblems("overrides", rule.overrides ?? {}, chain.policies.jwt),
      ]),
    ]),
    ...policyProblems("policies", chain.policies, chain.policies.jwt),
    ...within("policies", rateLimitProblems(chain.policies.rateLimits ?? [], chain.policies.jwt)),
  ];
}

function overrideProblems(name: string | undefined, known: ReadonlySet<string>): readonly Finding[] {
  if (name === undefined || known.has(name)) return [];
  return [{ at: "overrides.jwtRequirement", problem: `the listener has no requirement "${name}"` }];
}

function tcpProblems(chain: TcpChain): readonly Finding[] {
  const isSilent = ({ requestHeaders, responseHeaders }: WeightedBackend): boolean =>
    requestHeaders === undefined && responseHeaders === undefined;
  return [
    ...each("backends", chain.backends, (backend) => [
      ...finding("weight", numberProblem(backend.weight, 0, 1_000_000)),
      ...finding("", isSilent(backend) ? undefined : "bytes have no headers"),
    ]),
    ...(chain.idleTimeoutMs === undefined
      ? []
      : finding("idleTimeoutMs", numberProblem(chain.idleTimeoutMs, 1, 2 ** 31))),
    ...policyProblems("", { access: chain.access }, undefined),
  ];
}
