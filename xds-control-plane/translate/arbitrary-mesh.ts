import fc from "fast-check";
import { spiffeId } from "#spiffe/spiffe-id.ts";
import type { HttpChain, HttpPolicies, Listener, Mesh, ProxyClass, TcpChain } from "../mesh/mesh.ts";
import type { AccessPolicy, AccessRule, RateLimitEntry } from "../mesh/policy.ts";
import type { HeaderChanges, HttpRule, PathMatch, RuleOverrides, ValueMatch } from "../mesh/route.ts";
import type { Service } from "../mesh/service.ts";
import { arbitraryJwks } from "./arbitrary-key-set.ts";

/**
 * Meshes of every feature, out of values that people write and of such that nobody should: most of what is drawn is
 * accepted, and all that is accepted must be something that Envoy takes.
 */

/** Each field that may be left out is, now and then. */
function some<T extends object>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[] = []) {
  return fc.record(fields as never, { requiredKeys: required as never }) as fc.Arbitrary<T>;
}

const nasty = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: "binary", maxLength: 6 }), fc.constant(""));
const seldom = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: other, weight: 1 });
const count = (most: number): fc.Arbitrary<number> =>
  seldom(fc.integer({ min: 1, max: most }), fc.constantFrom(0, -1, 1.5, 2 ** 33));
const perMillion = seldom(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(-1, 1_000_001));

const headerName = seldom(fc.constantFrom("x-a", "X-B", "accept", "x_c", ":path", "host", "x-envoy-retry-on"), nasty);
const headerValue = seldom(fc.constantFrom("a", "50%", "%REQ(:PATH)%", "%", "%%", "a b", "\\1", "\t"), nasty);
const hostname = seldom(fc.constantFrom("*", "*.example.test", "a.example.test", "b.test", "127.0.0.1"), nasty);
const path = seldom(fc.constantFrom("/", "/a", "/a/", "/a//b", "/a.b(c)", "/a/%2e", "/\\1", "/*"), nasty);
const regex = seldom(
  fc.constantFrom(
    "/a.*",
    "(a|b)+",
    "[a-z]{1,20}",
    "(?i)x",
    String.raw`\d+`,
    ".*",
    "(?P<n>a)",
    "x{1000}",
    "(?=a)",
    "(a",
    String.raw`\1`,
  ),
  nasty,
);
const service = fc.constantFrom("web", "api", "mesh-api", "outside");

const valueMatch: fc.Arbitrary<ValueMatch> = fc.oneof(
  headerValue.map((value) => ({ kind: "exact" as const, value })),
  regex.map((value) => ({ kind: "regex" as const, value })),
);
const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.record({ kind: fc.constantFrom("exact" as const, "prefix" as const), value: path }),
  regex.map((value) => ({ kind: "regex" as const, value })),
);
const named = fc.array(fc.record({ name: headerName, match: valueMatch }), { maxLength: 2 });
const match = some<HttpRule["matches"][number]>(
  { path: pathMatch, method: seldom(fc.constantFrom("GET", "POST"), nasty), headers: named, query: named },
  ["path"],
);
const header = fc.record({ name: headerName, value: headerValue });
const headers = some<HeaderChanges>({
  set: fc.array(header, { maxLength: 2 }),
  add: fc.array(header, { maxLength: 2 }),
  remove: fc.array(headerName, { maxLength: 2 }),
});
const pathChange = fc.record({ kind: fc.constantFrom("full" as const, "prefix" as const), value: path });
const milliseconds = count(100_000);

const access: fc.Arbitrary<AccessPolicy> = (() => {
  const caller = fc.constantFrom("spiffe://mesh.test/ns/a/sa/a", "spiffe://mesh.test/ns/b/sa/b").map(spiffeId);
  const below = fc.constantFrom("spiffe://mesh.test", "spiffe://mesh.test/ns/a").map((id) => ({ below: id }));
  const claim = fc.record({
    provider: seldom(fc.constant("tokens"), fc.constant("other")),
    path: fc.array(seldom(fc.constantFrom("sub", "role"), nasty), { minLength: 0, maxLength: 2 }),
    value: headerValue,
    isList: fc.boolean(),
  });
  const rule = some<AccessRule>(
    {
      name: seldom(fc.constantFrom("one", "two"), nasty),
      callers: fc.array(fc.oneof(caller, below), { maxLength: 2 }),
      paths: fc.array(pathMatch, { maxLength: 2 }),
      methods: fc.array(fc.constantFrom("GET", "PUT"), { maxLength: 2 }),
      claims: fc.array(claim, { maxLength: 2 }),
    },
    ["name"],
  );
  const rules = fc.array(rule, { maxLength: 2 });
  return some<AccessPolicy>({ enforced: fc.oneof(fc.constant("everyone" as const), rules), trial: rules }, [
    "enforced",
  ]);
})();

const rateLimitEntry: fc.Arbitrary<RateLimitEntry> = fc.oneof(
  fc.constant({ kind: "remoteAddress" as const }),
  fc.record({ kind: fc.constant("header" as const), name: headerName, key: seldom(fc.constant("k"), nasty) }),
  fc.record({
    kind: fc.constant("claim" as const),
    provider: fc.constant("tokens"),
    path: fc.constant(["sub"]),
    key: seldom(fc.constant("k"), nasty),
  }),
  fc.record({ kind: fc.constant("constant" as const), key: seldom(fc.constant("k"), nasty), value: headerValue }),
);
const descriptors = fc.array(fc.array(rateLimitEntry, { minLength: 1, maxLength: 2 }), { maxLength: 2 });
const limitName = seldom(fc.constantFrom("all", "each", "users"), nasty);
const rateLimits = fc.array(
  fc.record({
    name: limitName,
    by: fc.array(
      fc.oneof(
        fc.constant({ kind: "remoteAddress" as const }),
        fc.record({
          kind: fc.constant("claim" as const),
          provider: seldom(fc.constant("tokens"), fc.constant("other")),
          path: fc.array(seldom(fc.constantFrom("sub", "project"), nasty), { minLength: 1, maxLength: 2 }),
        }),
      ),
      { maxLength: 2 },
    ),
    requests: count(1_000),
    perMs: fc.integer({ min: 1, max: 100_000 }),
  }),
  { maxLength: 3 },
);
const bodyLimit = fc.record({ maxBytes: count(100_000) });
const fault = some<NonNullable<HttpPolicies["fault"]>>({
  delay: fc.record({ ms: milliseconds, perMillion }),
  abort: fc.record({ status: fc.integer({ min: 100, max: 700 }), perMillion }),
});

const jwt: fc.Arbitrary<NonNullable<HttpPolicies["jwt"]>> = fc
  .record({
    keys: fc.oneof(
      arbitraryJwks.map((jwks) => ({ kind: "inline" as const, jwks })),
      fc.record({
        kind: fc.constant("remote" as const),
        service,
        uri: seldom(fc.constant("http://issuer.test/keys"), nasty),
        cacheMs: milliseconds,
      }),
    ),
    header: headerName,
    isOptional: fc.boolean(),
    audiences: fc.array(headerValue, { maxLength: 2 }),
    challenge: fc.option(seldom(headerValue, nasty), { nil: undefined }),
    hasStandard: fc.boolean(),
  })
  .map(({ keys, header: name, isOptional, audiences, challenge, hasStandard }) => ({
    providers: [{ name: "tokens", keys, headers: [{ name }], forward: true, audiences }],
    requirements: [
      { name: "standard", providers: ["tokens"], isOptional, ...(challenge === undefined ? {} : { challenge }) },
    ],
    ...(hasStandard ? { standard: "standard" } : {}),
  }));

const policies = some<HttpPolicies>(
  {
    access,
    jwt,
    externalAuthorization: fc.record({ service, timeoutMs: milliseconds }),
    rateLimits,
    globalRateLimit: fc.record({
      service,
      domain: seldom(fc.constant("edge"), nasty),
      timeoutMs: milliseconds,
      descriptors,
    }),
    bodyLimit,
    fault,
    identityHeaders: fc.array(headerName, { maxLength: 2 }),
  },
  ["access"],
);
const overrides = some<RuleOverrides>({
  access,
  jwtRequirement: fc.constantFrom("standard", "other"),
  externalAuthorization: fc.oneof(fc.constant(false as const), fc.record({ service, timeoutMs: milliseconds })),
  rateLimits: fc.array(limitName, { maxLength: 2 }),
  globalRateLimit: descriptors,
  bodyLimit,
  fault,
});

const backend = some<
  HttpRule["action"] extends infer A ? (A extends { backends: readonly (infer B)[] } ? B & object : never) : never
>(
  {
    service: fc.oneof({ arbitrary: service, weight: 4 }, { arbitrary: fc.constant(undefined), weight: 1 }),
    weight: seldom(fc.integer({ min: 0, max: 1_000_000 }), fc.constantFrom(-1, 0.5)),
    requestHeaders: headers,
    responseHeaders: headers,
  },
  ["service", "weight"],
);
const action: fc.Arbitrary<HttpRule["action"]> = fc.oneof(
  some<Extract<HttpRule["action"], { kind: "forward" }>>(
    {
      kind: fc.constant("forward" as const),
      backends: fc.array(backend, { maxLength: 3 }),
      hostname,
      path: pathChange,
      mirrors: fc.array(fc.record({ service, perMillion }), { maxLength: 2 }),
      timeoutMs: fc.integer({ min: 0, max: 100_000 }),
      tryTimeoutMs: fc.integer({ min: 0, max: 100_000 }),
      retries: some(
        {
          attempts: fc.integer({ min: 0, max: 5 }),
          statusCodes: fc.array(fc.integer({ min: 300, max: 650 }), { maxLength: 2 }),
          backoffMs: milliseconds,
        },
        ["attempts"],
      ) as never,
    },
    ["kind", "backends"],
  ),
  some<Extract<HttpRule["action"], { kind: "redirect" }>>(
    {
      kind: fc.constant("redirect" as const),
      status: fc.constantFrom(301, 302, 303, 307, 308),
      scheme: fc.constantFrom("http" as const, "https" as const),
      hostname,
      port: count(65_535),
      path: pathChange,
    },
    ["kind", "status"],
  ),
  some<Extract<HttpRule["action"], { kind: "respond" }>>(
    { kind: fc.constant("respond" as const), status: fc.integer({ min: 100, max: 700 }), body: nasty },
    ["kind", "status"],
  ),
);
const rule: fc.Arbitrary<HttpRule> = some<HttpRule>(
  {
    name: nasty,
    matches: fc.array(match, { maxLength: 2 }),
    action,
    requestHeaders: headers,
    responseHeaders: headers,
    overrides,
  },
  ["name", "matches", "action"],
);

const serverNames = fc.array(seldom(fc.constantFrom("a.example.test", "*.example.test"), hostname), { maxLength: 2 });
const tls = fc.constantFrom<HttpChain["tls"]>({ kind: "none" }, { kind: "mesh" });
const httpChain: fc.Arbitrary<HttpChain> = fc.record({
  kind: fc.constant("http" as const),
  tls,
  serverNames,
  hosts: fc.array(fc.record({ hostname, rules: fc.array(rule, { maxLength: 2 }) }), { maxLength: 2 }),
  policies,
});
const tcpChain: fc.Arbitrary<TcpChain> = some<TcpChain>(
  {
    kind: fc.constant("tcp" as const),
    tls,
    serverNames,
    backends: fc.array(fc.record({ service, weight: fc.integer({ min: 0, max: 100 }) }), { maxLength: 2 }),
    access,
    idleTimeoutMs: milliseconds,
  },
  ["kind", "tls", "serverNames", "backends", "access"],
);

/** A listener without its place. */
export const arbitraryListener: fc.Arbitrary<Pick<Listener, "chains">> = fc.record({
  chains: fc.array(fc.oneof({ arbitrary: httpChain, weight: 4 }, { arbitrary: tcpChain, weight: 1 }), {
    minLength: 1,
    maxLength: 2,
  }) as fc.Arbitrary<Listener["chains"]>,
});

const endpoint = seldom(
  fc.constantFrom(
    { address: "10.0.0.1", port: 80 },
    { address: "fd00::1", port: 80 },
    { address: "/run/a.sock", port: 0 },
  ),
  fc.record({ address: nasty, port: fc.constantFrom(0, 80, 70_000) }),
);

/** What of a service may be anything. */
export type AnyService = Omit<Service, "name" | "tls" | "protocol">;

export const arbitraryService: fc.Arbitrary<AnyService> = some<AnyService>(
  {
    endpoints: fc.array(endpoint, { maxLength: 3 }),
    connectTimeoutMs: milliseconds,
    locality: fc.constantFrom("nearest" as const, "spread" as const),
    outlierDetection: fc.record({
      consecutiveErrors: count(10),
      intervalMs: milliseconds,
      ejectionMs: milliseconds,
      maxEjectedPercent: count(100),
    }),
    circuitBreaker: some({ maxConnections: count(100), maxRetries: count(3) }) as never,
  },
  ["endpoints"],
);

/** A mesh of one class of proxies with these listeners, each on a port of its own. */
export function meshWith(
  listeners: readonly Pick<Listener, "chains">[],
  shared: AnyService,
): { readonly mesh: Mesh; readonly proxy: ProxyClass } {
  const identity = spiffeId("spiffe://mesh.test/ns/a/sa/a");
  const proxy: ProxyClass = {
    name: "any",
    identity: { id: identity, source: { kind: "agent", cluster: "spire-agent" } },
    locality: { region: "r", zone: "z" },
    listeners: listeners.map(({ chains }, at) => ({ name: `l${at}`, address: "127.0.0.1", port: 20_000 + at, chains })),
    certificates: [],
    tracing: { service: "api", perMillion: 1_000 },
    accessLog: true,
  };
  const services: Service[] = [
    { ...shared, name: "web", protocol: "http1", tls: { kind: "none" } },
    { ...shared, name: "api", protocol: "http2", tls: { kind: "none" } },
    { ...shared, name: "mesh-api", protocol: "http2", tls: { kind: "mesh", identities: [identity] } },
    { ...shared, name: "outside", protocol: "tcp", tls: { kind: "tls", hostname: "outside.test" } },
  ];
  const mesh = {
    services: new Map(services.map((each) => [each.name, each])),
    proxies: new Map([[proxy.name, proxy]]),
    denied: new Set([spiffeId("spiffe://mesh.test/ns/evil/sa/evil")]),
  };
  return { mesh, proxy };
}
