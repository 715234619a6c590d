import type { Json } from "../snapshot/resource.ts";

/**
 * Headers by which services are told who calls: no caller may bring its own. The names are those of OpenStack's
 * keystonemiddleware and of TLS proxies; Envoy's x-envoy-* would let a caller change retries and time-outs.
 */
const prefixes = [
  ...[
    "x-identity-",
    "x-service-identity-",
    "x-domain-",
    "x-project-",
    "x-service-project-",
    "x-user-",
    "x-service-user-",
  ],
  ...["x-tenant", "x-service-catalog", "x-ssl-", "ssl-client-", "ssl_client_", "x-envoy-"],
];
const names = ["x-roles", "x-service-roles", "x-role", "x-user", "x-is-admin-project", "openstack-system-scope"];

/** What is taken from each request before anything looks at it. */
export function mutations(more: readonly string[]): readonly Json[] {
  return [
    ...prefixes.map((prefix) => ({ removeOnMatch: { keyMatcher: { prefix, ignoreCase: true } } })),
    ...[...names, ...more].map((remove) => ({ remove })),
  ];
}

/** Whether services are told by it who calls. @param name in lower case */
export function isIdentityHeader(name: string): boolean {
  return names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
