import { Agent } from "undici";
import { describe, expect, test } from "vitest";
import { freePort } from "../e2e/cluster/ports.ts";
import type { EchoBackend } from "../e2e/envoy/echo.ts";
import type { Envoy } from "../e2e/envoy/envoy.ts";
import { startGrpcService } from "../e2e/envoy/grpc-service.ts";
import { type Asked, type MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import { meshOfEachTest } from "../e2e/envoy/mesh-of-each-test.ts";
import { keystoneCheck, signedToken, tokenKeys } from "./keystone-tokens.ts";
import type { HttpPolicies } from "./mesh/mesh.ts";
import type { HttpRule, RuleOverrides } from "./mesh/route.ts";
import type { Service } from "./mesh/service.ts";
import { everyone, httpChain, listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

let bed: MeshBed;
let web: EchoBackend;
let port: number;
let proxy: Envoy;
meshOfEachTest((own) => {
  ({ bed, web, port } = own);
});

/** Serves the rules by an Envoy, with a rule that nothing stands in the way of to see when it does. */
async function serve(
  policies: HttpPolicies,
  rules: readonly HttpRule[],
  services: readonly Service[] = [],
): Promise<void> {
  put(policies, rules, services);
  proxy = await bed.envoy("edge");
  await expect.poll(async () => (await bed.status(port, "/")) > 0, soon).toBe(true);
}

function put(policies: HttpPolicies, rules: readonly HttpRule[], services: readonly Service[] = []): void {
  const all = [serviceAt("web", [web.port]), ...services];
  bed.set(meshOf([proxyOf("edge", [listenerOn(port, [...rules, ruleTo("/", "web")], policies)])], all));
}

/** A service that Envoy asks, whose answer is gRPC's code: 0 lets a request pass, 7 refuses it. */
async function authorizer(codeOf: (request: string) => number) {
  const service = await startGrpcService({
    service: "envoy.service.auth.v3.Authorization",
    method: "Check",
    request: "envoy.service.auth.v3.CheckRequest",
    response: "envoy.service.auth.v3.CheckResponse",
    answer: (request) => ({ status: { code: codeOf(JSON.stringify(request)) } }),
  });
  bed.onClose(() => service.close());
  return { close: () => service.close(), at: (name: string) => serviceAt(name, [service.port], { protocol: "http2" }) };
}

async function statuses(asked: readonly (readonly [string, Asked?])[]): Promise<readonly number[]> {
  const all: number[] = [];
  for (const [path, how] of asked) all.push(await bed.status(port, path, how));
  return all;
}

const keys = tokenKeys();
const stranger = tokenKeys();

const optional = keystoneCheck(keys);
const keystone: NonNullable<HttpPolicies["jwt"]> = {
  ...optional,
  requirements: [{ name: "required", providers: ["keystone"] }, ...optional.requirements],
  standard: "required",
};

describe("real Envoy asks of a request", () => {
  test("a path and a method that are allowed; trial rules are counted and refuse nobody; control: everyone may all", async () => {
    const rules = [{ name: "readers", paths: [{ kind: "prefix", value: "/public" } as const], methods: ["GET"] }];
    const trial = [{ name: "nothing", paths: [{ kind: "exact", value: "/other" } as const] }];
    await serve({ access: { enforced: rules, trial } }, []);
    const asked = [
      ["/public"],
      ["/public/x?y=1"],
      ["/publicity"],
      ["/public/../private"],
      ["/public%2f..%2fprivate"],
      ["/public", { method: "POST" }],
    ] as const;
    expect(await statuses(asked)).toEqual([200, 200, 403, 403, 400, 403]);
    const shadowed = (await proxy.admin("/stats?filter=shadow_denied")).match(/trial_.*shadow_denied: (\d+)/);
    expect(Number(shadowed?.[1])).toBeGreaterThan(0);

    put(everyone, []);
    await expect.poll(() => bed.status(port, "/private"), soon).toBe(200);
    expect(await statuses(asked)).toEqual([200, 200, 200, 200, 400, 200]);
  });

  test("a rule of its own for one route, and none for the listener: nobody comes in", async () => {
    await serve({ access: { enforced: [] } }, [
      ruleTo("/open", "web", { overrides: { access: { enforced: "everyone" } } }),
    ]);
    expect(await statuses([["/"], ["/open"]])).toEqual([403, 200]);
  });

  test("a token that is signed, lives, and claims what a rule wants", async () => {
    const admins = [{ name: "admins", claims: [{ provider: "keystone", path: ["role"], value: "admin" }] }];
    const readers = [
      { name: "readers", claims: [{ provider: "keystone", path: ["roles"], value: "reader", isList: true }] },
    ];
    await serve({ access: { enforced: "everyone" }, jwt: keystone }, [
      ruleTo("/admin", "web", { overrides: { access: { enforced: admins } } }),
      ruleTo("/read", "web", { overrides: { access: { enforced: readers } } }),
      ruleTo("/optional", "web", { overrides: { jwtRequirement: "optional" } }),
    ]);
    const by = (text: string): Asked => ({ headers: { "x-auth-token": text } });
    const good = by(signedToken(keys, { sub: "u", role: "member", roles: ["member", "reader"] }));
    const [head, body, signature] = signedToken(keys, { sub: "u", role: "member" }).split(".");
    const altered = `${head}.${Buffer.from(JSON.stringify({ sub: "u", role: "admin" })).toString("base64url")}.${signature}`;
    expect(body).toBeDefined();
    expect(
      await statuses([
        ["/", good],
        ["/"],
        ["/", by(signedToken(stranger))],
        ["/", by(signedToken(keys, {}, -120))],
        ["/admin", by(altered)],
        ["/admin", good],
        ["/admin", by(signedToken(keys, { role: "admin" }))],
        ["/read", good],
        ["/read", by(signedToken(keys, { roles: ["member"] }))],
        ["/optional"],
        ["/optional", by("nonsense")],
      ]),
    ).toEqual([200, 401, 401, 401, 401, 403, 200, 200, 403, 200, 401]);
    // The service still gets the token, and validates it itself.
    const { echo } = await bed.ask(port, "/", good);
    expect(echo?.headers["x-auth-token"]).toBe(good.headers?.["x-auth-token"]);
  });

  test("what a rate-limit service counts, by header and claim; without it requests are refused", async () => {
    const counted = new Map<string, number>();
    const limiter = await startGrpcService({
      service: "envoy.service.ratelimit.v3.RateLimitService",
      method: "ShouldRateLimit",
      request: "envoy.service.ratelimit.v3.RateLimitRequest",
      response: "envoy.service.ratelimit.v3.RateLimitResponse",
      answer: ({ domain, descriptors }) => {
        const key = JSON.stringify([domain, descriptors]);
        counted.set(key, (counted.get(key) ?? 0) + 1);
        return { overallCode: (counted.get(key) ?? 0) > 2 ? "OVER_LIMIT" : "OK" };
      },
    });
    bed.onClose(() => limiter.close());
    const policies: HttpPolicies = {
      ...everyone,
      jwt: { ...keystone, standard: "optional" },
      globalRateLimit: {
        service: "limiter",
        domain: "edge",
        timeoutMs: 1_000,
        descriptors: [
          [
            { kind: "header", name: "x-client", key: "client" },
            { kind: "claim", provider: "keystone", path: ["sub"], key: "user" },
          ],
        ],
      },
    };
    await serve(policies, [], [serviceAt("limiter", [limiter.port], { protocol: "http2" })]);
    const by = (sub: string): Asked => ({ headers: { "x-client": "a", "x-auth-token": signedToken(keys, { sub }) } });
    const own = by("one");
    expect(await statuses([["/", own], ["/", own], ["/", own], ["/", by("two")], ["/"]])).toEqual([
      200, 200, 429, 200, 200,
    ]);
    expect([...counted.keys()][0]).toContain('"user"');

    await limiter.close();
    expect(await bed.status(port, "/", by("three"))).toBe(503);
  });

  test("what another service decides by ext_authz; without it requests are refused, but where a rule does not ask", async () => {
    const deciding = await authorizer((request) => (request.includes('"/allowed"') ? 0 : 7));
    await serve(
      { ...everyone, externalAuthorization: { service: "authorizer", timeoutMs: 1_000 } },
      [ruleTo("/unasked", "web", { overrides: { externalAuthorization: false } })],
      [deciding.at("authorizer")],
    );
    expect(await statuses([["/allowed"], ["/other"], ["/unasked"]])).toEqual([200, 403, 200]);
    await deciding.close();
    expect(await statuses([["/allowed"], ["/unasked"]])).toEqual([503, 200]);
  });

  test("what services of their own decide for single rules, and of others nothing; without them these are refused", async () => {
    const deciding = async (name: string) => {
      const asked: string[] = [];
      const service = await authorizer((request) => {
        asked.push(request);
        return request.includes(`/${name}/allowed`) ? 0 : 7;
      });
      return { asked, service, at: service.at(name) };
    };
    const [one, other] = [await deciding("one"), await deciding("other")];
    const rules = ["one", "other"].map((service) =>
      ruleTo(`/${service}`, "web", { overrides: { externalAuthorization: { service, timeoutMs: 1_000 } } }),
    );
    await serve({ ...everyone, jwt: { ...keystone, standard: "optional" } }, rules, [one.at, other.at]);
    const member = { headers: { "x-auth-token": signedToken(keys, { sub: "member-1" }) } };
    const paths = [
      ["/one/allowed", member],
      ["/one/x"],
      ["/other/allowed"],
      ["/other/one/allowed"],
      ["/unasked"],
    ] as const;
    expect(await statuses(paths)).toEqual([200, 403, 200, 403, 200]);
    expect([one.asked.length, other.asked.length]).toEqual([2, 2]);
    // By the claims of the token that was checked.
    expect(one.asked[0]).toContain('"envoy.filters.http.jwt_authn"');
    expect(one.asked[0]).toContain("member-1");

    await one.service.close();
    expect(await statuses(paths)).toEqual([503, 503, 200, 403, 200]);
    put({ ...everyone, jwt: { ...keystone, standard: "optional" } }, []);
    await expect.poll(() => bed.status(port, "/one/x"), soon).toBe(200);
  });

  /** As a Gateway's listener without any policy. */
  const prepared: HttpPolicies = { ...everyone, jwt: { providers: [], requirements: [] }, rateLimits: [] };
  const once = { name: "once", by: [{ kind: "remoteAddress" } as const], requests: 1, perMs: 60_000 };
  const onceByUser = { ...once, by: [{ kind: "claim", provider: "keystone", path: ["sub"] } as const] };
  const member = { headers: { "x-auth-token": signedToken(keys, { sub: "member-1" }) } };
  test.each<[what: string, refused: number, policies: Partial<HttpPolicies>, overrides: RuleOverrides, how?: Asked]>([
    ["what a service decides", 403, {}, { externalAuthorization: { service: "authorizer", timeoutMs: 1_000 } }],
    ["a token", 401, { jwt: keystone }, { jwtRequirement: "required" }],
    ["not to come too often", 429, { rateLimits: [once] }, { rateLimits: ["once"] }],
    [
      "its user not to come too often",
      429,
      { jwt: optional, rateLimits: [onceByUser] },
      { rateLimits: ["once"] },
      member,
    ],
  ])(
    "%s from the first rule that wants it on, also of connections that are open already",
    async (_, refused, policies, overrides, how) => {
      const at = (await authorizer(() => 7)).at("authorizer");
      await serve(prepared, [ruleTo("/guarded", "web")], [at]);
      const via = new Agent({ connections: 1 });
      bed.onClose(() => via.destroy());
      const overOneConnection = () => bed.status(port, "/guarded", { ...how, via });
      const opened = () => proxy.stat(`http.in-${port}.downstream_cx_total`);
      expect(await overOneConnection()).toBe(200);
      const before = await opened();
      put({ ...prepared, ...policies }, [ruleTo("/guarded", "web", { overrides })], [at]);
      await expect.poll(overOneConnection, soon).toBe(refused);
      expect(await proxy.stat("listener_manager.listener_modified")).toBe(0);
      expect(await opened()).toBe(before);
    },
  );

  test("control: of a listener that has nothing for them the first limit is a change", async () => {
    await serve(everyone, []);
    put({ ...everyone, rateLimits: [once] }, [ruleTo("/guarded", "web", { overrides: { rateLimits: ["once"] } })]);
    await expect.poll(() => bed.status(port, "/guarded"), soon).toBe(429);
    expect(await proxy.stat("listener_manager.listener_modified")).toBe(1);
  });

  test("a body that is not too large; and puts faults in where it is told", async () => {
    await serve({ ...everyone, bodyLimit: { maxBytes: 100 } }, [
      ruleTo("/large", "web", { overrides: { bodyLimit: { maxBytes: 10_000 } } }),
      ruleTo("/fault", "web", { overrides: { fault: { abort: { status: 418, perMillion: 1_000_000 } } } }),
    ]);
    const of = (bytes: number): Asked => ({ method: "POST", body: "x".repeat(bytes) });
    expect(
      await statuses([["/", of(100)], ["/", of(101)], ["/large", of(101)], ["/large", of(10_001)], ["/fault"]]),
    ).toEqual([200, 413, 200, 413, 418]);
  });

  test("nothing that says who it is: identity headers are taken away; control: others pass", async () => {
    await serve({ ...everyone, identityHeaders: ["x-own-identity"] }, []);
    const forged = {
      "x-forwarded-client-cert": "URI=spiffe://mesh.test/ns/a/sa/a",
      "x-identity-status": "Confirmed",
      "x-roles": "admin",
      "X-Project-Id": "1",
      x_roles: "admin",
      ssl_client_verify: "SUCCESS",
      "x-ssl-client-verify": "SUCCESS",
      "x-envoy-retry-on": "5xx",
      "openstack-system-scope": "all",
      "x-own-identity": "me",
    };
    const { echo } = await bed.ask(port, "/", { headers: { ...forged, "x-harmless": "1" } });
    const names = Object.keys(echo?.headers ?? {});
    expect(names).toContain("x-harmless");
    for (const name of Object.keys(forged)) expect(names).not.toContain(name.toLowerCase());
  });
});

describe("a listener for probes, of real Envoy,", () => {
  test("logs what its rules do not take, and not what they answer; control: another logs all", async () => {
    const rules: readonly HttpRule[] = [
      ruleTo("/", "web", { matches: [{ path: { kind: "exact", value: "/ready" } }] }),
    ];
    const openPort = await freePort();
    const hosts = [{ hostname: "*", rules }];
    const probes = { ...listenerOn(port, []), chains: [httpChain(hosts, { isProbe: true })] };
    const proxies = [proxyOf("edge", [probes, listenerOn(openPort, rules)], { accessLog: true })];
    bed.set(meshOf(proxies, [serviceAt("web", [web.port])]));
    proxy = await bed.envoy("edge");
    for (const each of [port, openPort]) await expect.poll(() => bed.status(each, "/ready"), soon).toBe(200);
    // Lines of what was refused come after those of what was answered before.
    const refused = [["/restart", { method: "POST" }], ["/a%2fb"]] as const;
    expect(await statuses(refused)).toEqual([404, 400]);
    const logged = (of: number) => proxy.accessLog().filter(({ status }) => status === of).length;
    await expect.poll(() => [logged(404), logged(400)], soon).toEqual([1, 1]);
    await expect.poll(() => logged(200), soon).toBeGreaterThan(0);
    const answered = logged(200);
    expect(await bed.status(port, "/ready")).toBe(200);
    expect(await bed.status(openPort, "/ready")).toBe(200);
    await expect.poll(() => logged(200), soon).toBe(answered + 1);
  });
});
