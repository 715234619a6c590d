import { caseOf, chain, proxy, rule, service } from "./fixtures.ts";

export const filters = caseOf(
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
                rateLimits: ["all", "users"],
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
              {
                name: "maybe",
                providers: ["keystone", "other"],
                isOptional: true,
                challenge: 'Keystone uri="https://cloud.test/v3"',
              },
            ],
            standard: "keystone",
          },
          externalAuthorization: { service: "opa", timeoutMs: 200 },
          rateLimits: [
            { name: "all", by: [], requests: 100, perMs: 1_000 },
            {
              name: "users",
              by: [{ kind: "claim", provider: "keystone", path: ["sub"] }, { kind: "remoteAddress" }],
              requests: 5,
              perMs: 60_000,
            },
          ],
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

export const filtersOfRulesAlone = caseOf(
  "filters-of-rules-alone",
  proxy([
    chain([
      {
        hostname: "*",
        rules: [
          rule("limited", {
            overrides: { bodyLimit: { maxBytes: 10 }, fault: {} },
          }),
          rule("asked", {
            matches: [{ path: { kind: "prefix", value: "/asked" } }],
            overrides: { externalAuthorization: { service: "opa", timeoutMs: 1_000 } },
          }),
        ],
      },
    ]),
  ]),
  [service("web"), service("opa", { protocol: "http2" })],
);
