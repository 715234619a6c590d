import { spiffeId } from "#spiffe/spiffe-id.ts";
import type { HttpChain, HttpPolicies, Listener, Mesh, ProxyClass } from "./mesh/mesh.ts";
import type { HttpRule, VirtualHost } from "./mesh/route.ts";
import type { Service } from "./mesh/service.ts";

/** Parts of meshes for tests with real proxies. */

export const everyone: HttpPolicies = { access: { enforced: "everyone" } };

/** A service that listens on ports of this machine. */
export function serviceAt(name: string, ports: readonly number[], more: Partial<Service> = {}): Service {
  return {
    name,
    protocol: "http1",
    tls: { kind: "none" },
    endpoints: ports.map((port) => ({ address: "127.0.0.1", port })),
    ...more,
  };
}

/** A rule for the paths below one, which goes to a service. */
export function ruleTo(path: string, service: string, more: Partial<HttpRule> = {}): HttpRule {
  return {
    name: path,
    matches: [{ path: { kind: "prefix", value: path } }],
    action: { kind: "forward", backends: [{ service, weight: 1 }] },
    ...more,
  };
}

export function httpChain(hosts: readonly VirtualHost[], more: Partial<HttpChain> = {}): HttpChain {
  return { kind: "http", tls: { kind: "none" }, serverNames: [], hosts, policies: everyone, ...more };
}

/** A listener in clear text with rules for every host. */
export function listenerOn(port: number, rules: readonly HttpRule[], policies: HttpPolicies = everyone): Listener {
  const chain = httpChain([{ hostname: "*", rules }], { policies });
  return { name: `in-${port}`, address: "127.0.0.1", port, chains: [chain] };
}

export function proxyOf(name: string, listeners: readonly Listener[], more: Partial<ProxyClass> = {}): ProxyClass {
  return { name, listeners, certificates: [], ...more };
}

export function meshOf(
  proxies: readonly ProxyClass[],
  services: readonly Service[],
  denied: readonly string[] = [],
): Mesh {
  return {
    services: new Map(services.map((each) => [each.name, each])),
    proxies: new Map(proxies.map((each) => [each.name, each])),
    denied: new Set(denied.map(spiffeId)),
  };
}
