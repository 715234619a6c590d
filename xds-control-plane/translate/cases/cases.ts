import { spiffeId } from "../../mesh/identity.ts";
import type { HttpChain, HttpPolicies, Mesh, ProxyClass, TcpChain } from "../../mesh/mesh.ts";
import type { HttpRule, VirtualHost } from "../../mesh/route.ts";
import type { Service } from "../../mesh/service.ts";

/** A mesh, one of its proxies, and what is to be seen in the translation. The name is the golden file's. */
export interface Case {
  readonly name: string;
  readonly mesh: Mesh;
  readonly proxy: ProxyClass;
}

const web = spiffeId("spiffe://mesh.test/ns/web/sa/web");
const api = spiffeId("spiffe://mesh.test/ns/api/sa/api");
const apiSpare = spiffeId("spiffe://mesh.test/ns/api/sa/spare");
export const agentCluster = "spire-agent";

function service(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    protocol: "http1",
    tls: { kind: "none" },
    endpoints: [{ address: "10.0.0.1", port: 8080 }],
    ...more,
  };
}

const everyone: HttpPolicies = { access: { enforced: "everyone" } };

function chain(hosts: readonly VirtualHost[], more: Partial<HttpChain> = {}): HttpChain {
  return { kind: "http", tls: { kind: "none" }, serverNames: [], hosts, policies: everyone, ...more };
}

function proxy(chains: readonly (HttpChain | TcpChain)[], more: Partial<ProxyClass> = {}): ProxyClass {
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

function of(name: string, made: ProxyClass, services: readonly Service[], denied?: Mesh["denied"]): Case {
  return { name, proxy: made, mesh: meshOf(made, services, denied) };
}

const to = (name: string | undefined, weight = 1) => ({ service: name, weight });

function rule(name: string, more: Partial<HttpRule> = {}): HttpRule {
  return { name, matches: [], action: { kind: "forward", backends: [to("web")] }, ...more };
}

const matches = of(
  "http-matches",
  proxy([
    chain([
      {
        hostname: "*.example.test",
        rules: [
          rule("everything"),
          rule("prefix", { matches: [{ path: { kind: "prefix", value: "/api/" } }] }),
          rule("longer-prefix", { matches: [{ path: { kind: "prefix", value: "/api/v2" } }] }),
          rule("exact", { matches: [{ path: { kind: "exact", value: "/a" } }] }),
          rule("expression", { matches: [{ path: { kind: "regex", value: "/v[0-9]+/.*" } }] }),
          rule("method-and-header", {
            matches: [
              {
                path: { kind: "prefix", value: "/api" },
                method: "POST",
                headers: [
                  { name: "x-version", match: { kind: "exact", value: "2" } },
                  { name: "x-user", match: { kind: "regex", value: "a.*" } },
                ],
                query: [{ name: "debug", match: { kind: "exact", value: "1" } }],
              },
              { path: { kind: "exact", value: "/b" } },
            ],
          }),
        ],
      },
      { hostname: "*", rules: [rule("others")] },
    ]),
  ]),
  [service("web")],
);

const actions = of(
  "http-actions",
  proxy([
    chain([
      {
        hostname: "*",
        rules: [
          rule("weights", {
            matches: [{ path: { kind: "exact", value: "/weights" } }],
            action: {
              kind: "forward",
              backends: [
                to("web", 90),
                { ...to("api", 10), requestHeaders: { set: [{ name: "x-canary", value: "100%" }] } },
              ],
            },
          }),
          rule("a-share-is-missing", {
            matches: [{ path: { kind: "exact", value: "/missing" } }],
            action: { kind: "forward", backends: [to("web", 3), to(undefined, 1)] },
          }),
          rule("nobody", {
            matches: [{ path: { kind: "exact", value: "/nobody" } }],
            action: { kind: "forward", backends: [to("web", 0)] },
          }),
          rule("rewritten", {
            matches: [{ path: { kind: "prefix", value: "/old" } }],
            action: {
              kind: "forward",
              backends: [to("web")],
              hostname: "inner.test",
              path: { kind: "prefix", value: "/new" },
              mirrors: [{ service: "api", perMillion: 250_000 }],
              timeoutMs: 10_000,
              tryTimeoutMs: 2_500,
              retries: { attempts: 2, statusCodes: [502, 503], grpcStatuses: ["unavailable"], backoffMs: 100 },
            },
            requestHeaders: {
              set: [{ name: "x-set", value: "1" }],
              add: [{ name: "x-add", value: "2" }],
              remove: ["x-gone"],
            },
            responseHeaders: { remove: ["server"] },
          }),
          rule("prefix-becomes-root", {
            matches: [{ path: { kind: "prefix", value: "/root" } }],
            action: { kind: "forward", backends: [to("web")], path: { kind: "prefix", value: "/" }, tryTimeoutMs: 500 },
          }),
          rule("whole-path", {
            matches: [{ path: { kind: "prefix", value: "/whole" } }],
            action: { kind: "forward", backends: [to("web")], path: { kind: "full", value: "/one" }, timeoutMs: 0 },
          }),
          rule("redirect", {
            matches: [{ path: { kind: "prefix", value: "/moved" } }],
            action: {
              kind: "redirect",
              status: 308,
              scheme: "https",
              hostname: "new.example.test",
              path: { kind: "prefix", value: "/there" },
            },
          }),
          rule("redirect-here", {
            matches: [{ path: { kind: "prefix", value: "/here" } }],
            action: { kind: "redirect", status: 302, path: { kind: "full", value: "/there" } },
          }),
          rule("respond", {
            matches: [{ path: { kind: "exact", value: "/gone" } }],
            action: { kind: "respond", status: 410, body: "gone" },
          }),
        ],
      },
    ]),
  ]),
  [service("web"), service("api")],
);

const filters = of(
  "http-filters",
  proxy([
    chain(
      [
        {
          hostname: "*",
          rules: [
            rule("as-the-listener"),
            rule("of-its-own", {
              matches: [{ path: { kind: "prefix", value: "/own" } }],
              overrides: {
                access: {
                  enforced: [{ name: "admins", claims: [{ provider: "keystone", path: ["role"], value: "admin" }] }],
                },
                jwtRequirement: "maybe",
                externalAuthorization: false,
                localRateLimit: { requests: 5, perMs: 1_000 },
                globalRateLimit: [[{ kind: "constant", key: "rule", value: "own" }]],
                bodyLimit: { maxBytes: 10 },
                fault: { abort: { status: 418, perMillion: 1_000 } },
              },
            }),
          ],
        },
      ],
      {
        policies: {
          access: {
            enforced: [
              {
                name: "readers",
                paths: [{ kind: "prefix", value: "/v1" }],
                methods: ["GET", "HEAD"],
                claims: [{ provider: "keystone", path: ["roles"], value: "reader", isList: true }],
              },
            ],
            trial: [{ name: "only-get", methods: ["GET"] }],
          },
          jwt: {
            providers: [
              {
                name: "keystone",
                keys: {
                  kind: "inline",
                  jwks: JSON.stringify({
                    keys: [
                      {
                        kty: "EC",
                        crv: "P-256",
                        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                      },
                    ],
                  }),
                },
                headers: [{ name: "x-auth-token" }],
                forward: true,
              },
              {
                name: "other",
                issuer: "https://issuer.test",
                audiences: ["mesh"],
                keys: { kind: "remote", service: "issuer", uri: "http://issuer.test/keys", cacheMs: 300_000 },
                forward: false,
              },
            ],
            requirements: [
              { name: "keystone", providers: ["keystone"] },
              { name: "maybe", providers: ["keystone", "other"], isOptional: true },
            ],
            standard: "keystone",
          },
          externalAuthorization: { service: "opa", timeoutMs: 200 },
          localRateLimit: { requests: 100, perMs: 1_000 },
          globalRateLimit: {
            service: "limiter",
            domain: "edge",
            timeoutMs: 50,
            descriptors: [
              [{ kind: "remoteAddress" }],
              [
                { kind: "header", name: "x-tenant", key: "tenant" },
                { kind: "claim", provider: "keystone", path: ["sub"], key: "user" },
              ],
            ],
          },
          bodyLimit: { maxBytes: 1_048_576 },
          fault: { delay: { ms: 100, perMillion: 10_000 } },
          identityHeaders: ["x-own-identity"],
        },
      },
    ),
  ]),
  [service("web"), service("issuer"), service("opa", { protocol: "http2" }), service("limiter", { protocol: "http2" })],
);

const onlyRules = of(
  "filters-of-rules-alone",
  proxy([
    chain([
      {
        hostname: "*",
        rules: [
          rule("limited", {
            overrides: { bodyLimit: { maxBytes: 10 }, localRateLimit: { requests: 1, perMs: 60_000 }, fault: {} },
          }),
        ],
      },
    ]),
  ]),
  [service("web")],
);

const sidecar: ProxyClass = {
  name: "web",
  identity: { id: web, source: { kind: "agent", cluster: agentCluster } },
  locality: { region: "r1", zone: "z1" },
  listeners: [
    {
      name: "inbound",
      address: "0.0.0.0",
      port: 8443,
      chains: [
        {
          kind: "http",
          tls: { kind: "mesh" },
          serverNames: [],
          hosts: [{ hostname: "*", rules: [rule("app", { action: { kind: "forward", backends: [to("app")] } })] }],
          policies: {
            access: {
              enforced: [
                { name: "api", callers: [api] },
                { name: "nobody", callers: [] },
              ],
            },
          },
        },
      ],
    },
    {
      name: "outbound-api",
      address: "127.0.0.1",
      port: 9001,
      chains: [
        chain([{ hostname: "*", rules: [rule("api", { action: { kind: "forward", backends: [to("api")] } })] }]),
      ],
    },
    {
      name: "inbound-database",
      address: "0.0.0.0",
      port: 5433,
      chains: [
        {
          kind: "tcp",
          tls: { kind: "mesh" },
          serverNames: [],
          backends: [to("database")],
          access: { enforced: [{ name: "api", callers: [api] }], trial: [] },
          idleTimeoutMs: 3_600_000,
        },
      ],
    },
  ],
  certificates: [],
  tracing: { service: "collector", perMillion: 10_000 },
  accessLog: true,
};
const sidecarServices = [
  service("app", { endpoints: [{ address: "/run/app.sock", port: 0 }] }),
  service("database", { protocol: "tcp", endpoints: [{ address: "/run/postgresql/.s.PGSQL.5432", port: 0 }] }),
  service("collector", { protocol: "http2" }),
  service("api", {
    protocol: "http2",
    tls: { kind: "mesh", identities: [api, apiSpare] },
    locality: "nearest",
    endpoints: [
      { address: "10.0.1.1", port: 8443, locality: { region: "r1", zone: "z2" } },
      { address: "10.0.2.1", port: 8443, locality: { region: "r2", zone: "z1" }, weight: 3 },
      { address: "fd00::1", port: 8443, locality: { region: "r1", zone: "z1" } },
      { address: "10.0.0.2", port: 8443, locality: { region: "r1", zone: "z1" } },
    ],
    outlierDetection: { consecutiveErrors: 5, intervalMs: 1_000, ejectionMs: 30_000, maxEjectedPercent: 50 },
    circuitBreaker: { maxConnections: 100, maxPendingRequests: 10, maxRequests: 1_000, maxRetries: 3 },
    connectTimeoutMs: 1_000,
  }),
];

const passthrough = of(
  "tcp-and-passthrough",
  proxy([
    {
      kind: "tcp",
      tls: { kind: "none" },
      serverNames: ["a.example.test", "*.b.example.test"],
      backends: [to("web", 3), to("api", 1)],
      access: { enforced: "everyone" },
    },
    {
      kind: "tcp",
      tls: { kind: "none" },
      serverNames: ["nowhere.example.test"],
      backends: [to(undefined)],
      access: { enforced: "everyone" },
    },
  ]),
  [service("web", { protocol: "tcp" }), service("api", { protocol: "tcp" })],
);

/** What each feature is translated into. Certificates, and the folder of an identity's files, are the test's. */
export function cases(certificate: { readonly chain: string; readonly key: string }, folder: string): readonly Case[] {
  const filesSidecar: ProxyClass = { ...sidecar, identity: { id: web, source: { kind: "files", folder } } };
  const terminated = proxy(
    [
      chain([{ hostname: "*", rules: [rule("all")] }], {
        tls: { kind: "terminate", certificates: ["public"] },
        serverNames: ["example.test"],
      }),
      chain([{ hostname: "*", rules: [rule("all")] }], { tls: { kind: "terminate", certificates: ["public"] } }),
    ],
    {
      certificates: [
        { name: "public", ...certificate },
        { name: "not-used", ...certificate },
      ],
    },
  );
  const external = service("web", {
    tls: {
      kind: "tls",
      hostname: "outside.test",
      authorities: certificate.chain,
      names: [
        { kind: "dns", value: "inside.test" },
        { kind: "uri", value: "spiffe://other.test/x" },
      ],
    },
  });
  return [
    matches,
    actions,
    filters,
    onlyRules,
    of("mesh-sidecar", sidecar, sidecarServices),
    of("mesh-denied", sidecar, sidecarServices, new Set([api])),
    of("mesh-all-of-a-service-denied", sidecar, sidecarServices, new Set([api, apiSpare])),
    of("mesh-sidecar-with-files", filesSidecar, sidecarServices),
    passthrough,
    of("public-tls", terminated, [external]),
  ];
}
