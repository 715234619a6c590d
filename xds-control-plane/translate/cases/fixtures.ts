import type { HttpChain, HttpPolicies, Mesh, ProxyClass, TcpChain } from "../../mesh/mesh.ts";
import type { HttpRule, VirtualHost } from "../../mesh/route.ts";
import type { Service } from "../../mesh/service.ts";

/** A mesh, one of its proxies, and what is to be seen in the translation. The name is the golden file's. */
export interface Case {
  readonly name: string;
  readonly mesh: Mesh;
  readonly proxy: ProxyClass;
}

/** A service with one endpoint, spoken to in clear text. */
export function service(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    protocol: "http1",
    tls: { kind: "none" },
    endpoints: [{ address: "10.0.0.1", port: 8080 }],
    ...more,
  };
}

const everyone: HttpPolicies = { access: { enforced: "everyone" } };

/** HTTP in clear text that lets everybody in. */
export function chain(hosts: readonly VirtualHost[], more: Partial<HttpChain> = {}): HttpChain {
  return { kind: "http", tls: { kind: "none" }, serverNames: [], hosts, policies: everyone, ...more };
}

/** A proxy with one listener. */
export function proxy(chains: readonly (HttpChain | TcpChain)[], more: Partial<ProxyClass> = {}): ProxyClass {
  return {
    name: "edge",
    listeners: [{ name: "in", address: "0.0.0.0", port: 8080, chains }],
    certificates: [],
    ...more,
  };
}

function meshOf(of: ProxyClass, services: readonly Service[], denied: Mesh["denied"] = new Set()): Mesh {
  return {
    services: new Map(services.map((each) => [each.name, each])),
    proxies: new Map([[of.name, of]]),
    denied,
  };
}

/** The case of one proxy and the services that it reaches. */
export function caseOf(name: string, made: ProxyClass, services: readonly Service[], denied?: Mesh["denied"]): Case {
  return { name, proxy: made, mesh: meshOf(made, services, denied) };
}

/** A share of the traffic; undefined is a service that is not there. */
export const to = (name: string | undefined, weight = 1) => ({ service: name, weight });

/** A rule for everything, to the service `web`. */
export function rule(name: string, more: Partial<HttpRule> = {}): HttpRule {
  return { name, matches: [], action: { kind: "forward", backends: [to("web")] }, ...more };
}
