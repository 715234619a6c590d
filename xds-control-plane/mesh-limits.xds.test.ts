import { Agent } from "undici";
import { describe, expect, test } from "vitest";
import type { EchoBackend } from "../e2e/envoy/echo.ts";
import type { Envoy } from "../e2e/envoy/envoy.ts";
import { type Asked, type MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import { meshOfEachTest } from "../e2e/envoy/mesh-of-each-test.ts";
import { keystoneCheck, signedToken, tokenKeys } from "./keystone-tokens.ts";
import type { HttpPolicies } from "./mesh/mesh.ts";
import type { RateLimit } from "./mesh/policy.ts";
import type { HttpRule } from "./mesh/route.ts";
import { everyone, listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

/** So long that nothing comes back into a bucket while a test runs. */
const perMs = 3_600_000;
const keys = tokenKeys();

let bed: MeshBed;
let web: EchoBackend;
let port: number;
let proxy: Envoy;
meshOfEachTest((own) => {
  ({ bed, web, port } = own);
});

function put(rateLimits: readonly RateLimit[], rules: readonly HttpRule[], more: Partial<HttpPolicies> = {}): void {
  const policies = { ...everyone, rateLimits, ...more };
  const listener = listenerOn(port, [...rules, ruleTo("/", "web")], policies);
  bed.set(meshOf([proxyOf("edge", [listener], { accessLog: true })], [serviceAt("web", [web.port])]));
}

async function serve(...parts: Parameters<typeof put>): Promise<void> {
  put(...parts);
  proxy = await bed.envoy("edge");
  await expect.poll(() => bed.status(port, "/"), soon).toBe(200);
}

/** How many of so many requests one after another pass; the others must be answered with 429. */
async function passing(of: number, path: string, how?: Asked): Promise<number> {
  const statuses: number[] = [];
  for (let at = 0; at < of; at++) statuses.push(await bed.status(port, path, how));
  expect(new Set(statuses).difference(new Set([200, 429])).size).toBe(0);
  return statuses.filter((status) => status === 200).length;
}

/** From an address of this machine. */
function from(localAddress: string, headers: Readonly<Record<string, string>> = {}): Asked {
  const via = new Agent({ localAddress });
  bed.onClose(() => via.destroy());
  return { via, headers };
}

const limitedBy = (...names: readonly string[]): Partial<HttpRule> => ({ overrides: { rateLimits: names } });

describe("real Envoy counts requests", () => {
  test("of each address apart, whatever it says of itself; control: without the limit all pass", async () => {
    const rules = [ruleTo("/limited", "web", limitedBy("address"))];
    await serve([{ name: "address", by: [{ kind: "remoteAddress" }], requests: 3, perMs }], rules);
    expect(await passing(5, "/limited", from("127.0.0.1"))).toBe(3);
    expect(await passing(5, "/limited", from("127.0.0.2"))).toBe(3);
    // Each connection of an address counts, and no header makes another address of it.
    const forged = {
      "x-forwarded-for": "192.0.2.1",
      forwarded: "for=192.0.2.1",
      "x-envoy-external-address": "192.0.2.1",
    };
    expect(await passing(2, "/limited", from("127.0.0.2", forged))).toBe(0);
    expect(await passing(2, "/limited", from("127.0.0.3", forged))).toBe(2);

    put([], [ruleTo("/limited", "web")]);
    await expect.poll(() => bed.status(port, "/limited", from("127.0.0.1")), soon).toBe(200);
    expect(await passing(5, "/limited", from("127.0.0.1"))).toBe(5);
  });

  test("with Retry-After, a counter and a line in the access log for those that are too many", async () => {
    await serve([{ name: "all", by: [], requests: 1, perMs: 60_000 }], [ruleTo("/limited", "web", limitedBy("all"))]);
    expect(await passing(3, "/limited")).toBe(1);
    const { status, headers } = await bed.ask(port, "/limited");
    expect(status).toBe(429);
    const after = Number(headers["retry-after"]);
    expect(after).toBeGreaterThan(30);
    expect(after).toBeLessThanOrEqual(60);
    expect(await proxy.stat("rate_limit.http_local_rate_limit.enforced")).toBe(3);
    await expect
      .poll(() => proxy.accessLog().filter(({ route, status: of }) => route === "/limited" && of === 429), soon)
      .toHaveLength(3);
    const line = proxy.accessLog().find(({ status: of }) => of === 429);
    expect(line).toMatchObject({ flags: "RL", details: "local_rate_limited", address: "127.0.0.1" });
  });

  test("as they come back into the bucket, evenly", async () => {
    await serve([{ name: "all", by: [], requests: 20, perMs: 10_000 }], [ruleTo("/limited", "web", limitedBy("all"))]);
    expect(await passing(30, "/limited")).toBeLessThan(30);
    // One in half a second, and not twenty after ten.
    const refused = Date.now();
    await expect.poll(() => bed.status(port, "/limited"), { timeout: 5_000, interval: 20 }).toBe(200);
    expect(Date.now() - refused).toBeLessThan(5_000);
    expect(await passing(10, "/limited")).toBeLessThan(5);
  });

  test("of all routes that name a limit together, and goes on where routes change", async () => {
    const two = [
      { path: { kind: "prefix" as const, value: "/one" } },
      { path: { kind: "exact" as const, value: "/two" } },
    ];
    const limits = [{ name: "all", by: [], requests: 4, perMs }];
    const rules = [
      ruleTo("/one", "web", { ...limitedBy("all"), matches: two }),
      ruleTo("/three", "web", limitedBy("all")),
    ];
    await serve(limits, rules);
    expect(await passing(1, "/one")).toBe(1);
    expect(await passing(1, "/two?x=y")).toBe(1);
    expect(await passing(1, "/three")).toBe(1);
    put(limits, [...rules, ruleTo("/new", "web", { action: { kind: "respond", status: 204 } })]);
    await expect.poll(() => bed.status(port, "/new"), soon).toBe(204);
    expect(await passing(3, "/three")).toBe(1);
    expect(await passing(1, "/")).toBe(1);
  });

  test("by several limits at once, of which each has to allow it", async () => {
    const limits: readonly RateLimit[] = [
      { name: "address", by: [{ kind: "remoteAddress" }], requests: 2, perMs },
      { name: "all", by: [], requests: 3, perMs },
    ];
    await serve(limits, [ruleTo("/limited", "web", limitedBy("address", "all"))]);
    expect(await passing(3, "/limited", from("127.0.0.1"))).toBe(2);
    expect(await passing(3, "/limited", from("127.0.0.2"))).toBe(1);
  });

  test("of each user and project of a checked token apart; what has no such claim is not counted", async () => {
    const claim = (name: string) => ({ kind: "claim" as const, provider: "keystone", path: [name] });
    const jwt = keystoneCheck(keys);
    const limits = [
      { name: "user", by: [claim("sub")], requests: 3, perMs },
      { name: "project", by: [claim("openstack_project_id")], requests: 5, perMs },
    ];
    await serve(limits, [ruleTo("/limited", "web", limitedBy("user", "project"))], { jwt });
    const by = (sub: string, project?: string): Asked => ({
      headers: { "x-auth-token": signedToken(keys, { sub, openstack_project_id: project }) },
    });
    expect(await passing(4, "/limited", by("one", "a"))).toBe(3);
    // Another token of the same user is the same user's; another user has what is left of the project's.
    expect(await passing(1, "/limited", by("one", "b"))).toBe(0);
    expect(await passing(3, "/limited", by("two", "a"))).toBe(2);
    expect(await passing(3, "/limited", by("three"))).toBe(3);
    expect(await passing(8, "/limited")).toBe(8);
    // Nobody is counted as somebody else, whose token he makes up.
    const forged = { headers: { "x-auth-token": signedToken(tokenKeys(), { sub: "four" }) } };
    expect(await bed.status(port, "/limited", forged)).toBe(401);
    expect(await passing(3, "/limited", by("four"))).toBe(3);
  });

  test("by the size of their bodies, and the answer is read however large they are; control: what is smaller passes", async () => {
    const maxBytes = 114_688;
    await serve([], [ruleTo("/limited", "web", { overrides: { bodyLimit: { maxBytes } } })]);
    const of = async (bytes: number, path = "/limited"): Promise<number> =>
      bed.status(port, path, { method: "POST", body: "x".repeat(bytes) });
    for (let round = 0; round < 10; round++) {
      expect(await of(maxBytes)).toBe(200);
      for (const bytes of [maxBytes + 1, 200_000, 5_000_000]) expect([bytes, await of(bytes)]).toEqual([bytes, 413]);
    }
    expect(await of(5_000_000, "/")).toBe(200);
  });
});
