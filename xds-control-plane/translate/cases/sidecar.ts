import { spiffeId } from "#spiffe/spiffe-id.ts";
import type { ProxyClass } from "../../mesh/mesh.ts";
import { type Case, caseOf, chain, rule, service, to } from "./fixtures.ts";

const web = spiffeId("spiffe://mesh.test/ns/web/sa/web");
const api = spiffeId("spiffe://mesh.test/ns/api/sa/api");
const apiSpare = spiffeId("spiffe://mesh.test/ns/api/sa/spare");
/** The cluster of the SPIRE agent, which is in the bootstrap of a proxy. */
export const agentCluster = "spire-agent";

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
                {
                  name: "readers",
                  callers: [{ below: "spiffe://mesh.test/ns/readers" }],
                  methods: ["GET"],
                  paths: [{ kind: "prefix", value: "/public" }],
                },
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
      name: "health",
      address: "0.0.0.0",
      port: 8009,
      chains: [
        {
          ...chain([
            {
              hostname: "*",
              rules: [
                rule("health", {
                  matches: [{ path: { kind: "exact", value: "/ready" }, method: "GET" }],
                  action: { kind: "forward", backends: [to("app")] },
                }),
              ],
            },
          ]),
          isProbe: true,
        },
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
const services = [
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

/** A workload's proxy with mutual TLS. `folder` has its identity where no SPIRE agent gives one. */
export function sidecars(folder: string): readonly Case[] {
  const withFiles: ProxyClass = { ...sidecar, identity: { id: web, source: { kind: "files", folder } } };
  return [
    caseOf("mesh-sidecar", sidecar, services),
    caseOf("mesh-denied", sidecar, services, new Set([api])),
    caseOf("mesh-all-of-a-service-denied", sidecar, services, new Set([api, apiSpare])),
    caseOf("mesh-sidecar-with-files", withFiles, services),
  ];
}
