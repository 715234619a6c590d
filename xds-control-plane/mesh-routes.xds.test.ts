import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../e2e/cluster/ports.ts";
import type { EchoBackend } from "../e2e/envoy/echo.ts";
import { MeshBed, soon } from "../e2e/envoy/mesh-bed.ts";
import type { HttpRule } from "./mesh/route.ts";
import type { Service } from "./mesh/service.ts";
import { listenerOn, meshOf, proxyOf, ruleTo, serviceAt } from "./mesh-fixtures.ts";

let bed: MeshBed;
afterEach(() => bed.close());

/** An Envoy with one listener, that serves already. */
async function serving(rules: readonly HttpRule[], services: readonly Service[]): Promise<number> {
  const port = await freePort();
  bed.set(
    meshOf([proxyOf("edge", [listenerOn(port, [...rules, ruleTo("/ready", services[0]?.name ?? "")])])], services),
  );
  await bed.envoy("edge");
  await expect.poll(() => bed.status(port, "/ready"), soon).toBe(200);
  return port;
}

async function two(): Promise<readonly [EchoBackend, EchoBackend, readonly Service[]]> {
  bed = await MeshBed.open();
  const [one, other] = [await bed.backend("one"), await bed.backend("other")];
  return [one, other, [serviceAt("one", [one.port]), serviceAt("other", [other.port])]];
}

describe("real Envoy routes", () => {
  test("by path, method, header and query, the most specific first", async () => {
    const [, , services] = await two();
    const at = (name: string, match: HttpRule["matches"][number]): HttpRule => ({
      ...ruleTo("/", "one", { matches: [match] }),
      name,
      requestHeaders: { set: [{ name: "x-rule", value: name }] },
    });
    const path = { kind: "prefix", value: "/" } as const;
    const port = await serving(
      [
        at("all", { path }),
        at("api", { path: { kind: "prefix", value: "/api" } }),
        at("exact", { path: { kind: "exact", value: "/api/exact" } }),
        at("expression", { path: { kind: "regex", value: "/v[0-9]+/x" } }),
        at("post", { path, method: "POST" }),
        at("header", { path, headers: [{ name: "x-kind", match: { kind: "exact", value: "a" } }] }),
        at("two-headers", {
          path,
          headers: [
            { name: "x-kind", match: { kind: "exact", value: "a" } },
            { name: "x-more", match: { kind: "regex", value: "b+" } },
          ],
        }),
        at("query", { path, query: [{ name: "q", match: { kind: "exact", value: "1" } }] }),
      ],
      services,
    );
    const rule = async (to: string, asked: Parameters<MeshBed["ask"]>[2] = {}) =>
      (await bed.ask(port, to, asked)).echo?.headers["x-rule"];
    expect(await rule("/apix")).toBe("all");
    expect(await rule("/api")).toBe("api");
    expect(await rule("/api/x")).toBe("api");
    expect(await rule("/api/exact")).toBe("exact");
    expect(await rule("/v12/x")).toBe("expression");
    expect(await rule("/v12/x/y")).toBe("all");
    expect(await rule("/", { method: "POST" })).toBe("post");
    expect(await rule("/", { headers: { "x-kind": "a" } })).toBe("header");
    expect(await rule("/", { headers: { "x-kind": "a", "x-more": "bb" } })).toBe("two-headers");
    expect(await rule("/?q=1")).toBe("query");
    expect(await rule("/?q=2")).toBe("all");
  });

  test("by weight; a service that is not there answers 500 for its share, the rest is served", async () => {
    const [, , services] = await two();
    const forward = (name: string, backends: readonly { service: string | undefined; weight: number }[]): HttpRule =>
      ruleTo(name, "one", { action: { kind: "forward", backends } });
    const port = await serving(
      [
        forward("/weights", [
          { service: "one", weight: 90 },
          { service: "other", weight: 10 },
        ]),
        forward("/half", [
          { service: "one", weight: 1 },
          { service: undefined, weight: 1 },
        ]),
        forward("/none", [{ service: undefined, weight: 1 }]),
        forward("/zero", [{ service: "one", weight: 0 }]),
      ],
      services,
    );
    const shares = new Map<string, number>();
    for (let at = 0; at < 600; at += 1) {
      const { status, echo } = await bed.ask(port, at < 400 ? "/weights" : "/half");
      const key = at < 400 ? `weights ${echo?.backend}` : `half ${status}`;
      shares.set(key, (shares.get(key) ?? 0) + 1);
    }
    // 40 of 400 and 100 of 200 are awaited; six standard deviations are 36 and 42.
    expect(shares.get("weights other")).toBeGreaterThan(4);
    expect(shares.get("weights other")).toBeLessThan(76);
    expect(shares.get("half 500")).toBeGreaterThan(58);
    expect(shares.get("half 500")).toBeLessThan(142);
    expect((shares.get("half 200") ?? 0) + (shares.get("half 500") ?? 0)).toBe(200);
    expect(await bed.status(port, "/none")).toBe(500);
    expect(await bed.status(port, "/zero")).toBe(500);
  });

  test("rewrites, redirects, answers, mirrors, changes headers", async () => {
    const [, other, services] = await two();
    const backends = [{ service: "one", weight: 1 }];
    const port = await serving(
      [
        ruleTo("/old", "one", {
          action: {
            kind: "forward",
            backends,
            hostname: "inner.test",
            path: { kind: "prefix", value: "/new" },
            mirrors: [{ service: "other", perMillion: 1_000_000 }],
          },
          requestHeaders: {
            set: [{ name: "x-set", value: "50%" }],
            add: [{ name: "x-add", value: "b" }],
            remove: ["x-gone"],
          },
          responseHeaders: { set: [{ name: "x-answer", value: "1" }] },
        }),
        ruleTo("/stripped", "one", { action: { kind: "forward", backends, path: { kind: "prefix", value: "/" } } }),
        ruleTo("/whole", "one", { action: { kind: "forward", backends, path: { kind: "full", value: "/w" } } }),
        ruleTo("/moved", "one", {
          action: {
            kind: "redirect",
            status: 308,
            scheme: "https",
            hostname: "new.test",
            path: { kind: "prefix", value: "/to" },
          },
        }),
        ruleTo("/gone", "one", { action: { kind: "respond", status: 410, body: "it went" } }),
      ],
      services,
    );
    const changed = await bed.ask(port, "/old/a?x=1", {
      headers: { "x-set": "1", "x-add": "a", "x-gone": "1", host: "outer.test" },
    });
    expect(changed.echo?.path).toBe("/new/a?x=1");
    expect(changed.echo?.headers).toMatchObject({ host: "inner.test", "x-set": "50%", "x-add": "a, b" });
    expect(changed.echo?.headers["x-gone"]).toBeUndefined();
    expect(changed.headers["x-answer"]).toBe("1");
    await expect.poll(() => other.seen.map(({ path }) => path), soon).toContain("/new/a?x=1");
    expect((await bed.ask(port, "/stripped")).echo?.path).toBe("/");
    expect((await bed.ask(port, "/stripped/b")).echo?.path).toBe("/b");
    expect((await bed.ask(port, "/whole/b?x=1")).echo?.path).toBe("/w?x=1");
    const moved = await bed.ask(port, "/moved/x", { headers: { host: "outer.test:8080" } });
    expect([moved.status, moved.headers["location"]]).toEqual([308, "https://new.test:443/to/x"]);
    const gone = await bed.ask(port, "/gone");
    expect([gone.status, gone.body]).toEqual([410, "it went"]);
  });

  test("tries again what failed, and no longer than it is told; control: without retries it fails", async () => {
    bed = await MeshBed.open();
    let failures = 0;
    const flaky = await bed.backend("flaky", {
      status: ({ path }) => {
        if (path.startsWith("/slow")) return "never";
        if (path === "/ready") return 200;
        failures += 1;
        return failures % 3 === 0 ? 200 : 503;
      },
    });
    const backends = [{ service: "flaky", weight: 1 }];
    const port = await serving(
      [
        ruleTo("/retried", "flaky", {
          action: { kind: "forward", backends, retries: { attempts: 2, statusCodes: [503], backoffMs: 1 } },
        }),
        ruleTo("/once", "flaky"),
        ruleTo("/slow", "flaky", { action: { kind: "forward", backends, timeoutMs: 200 } }),
      ],
      [serviceAt("flaky", [flaky.port])],
    );
    expect(await bed.status(port, "/retried")).toBe(200);
    expect(failures).toBe(3);
    expect(await bed.status(port, "/once")).toBe(503);
    expect(await bed.status(port, "/slow")).toBe(504);
  });

  test("to the nearest zone, elsewhere when nobody is left there, and past a host that fails", async () => {
    bed = await MeshBed.open();
    const [near, far] = [await bed.backend("near"), await bed.backend("far")];
    const bad = await bed.backend("bad", { status: ({ path }) => (path === "/ready" ? 200 : 500) });
    const port = await freePort();
    const put = (isNearThere: boolean): void => {
      const at = (of: EchoBackend, zone: string) => ({
        address: "127.0.0.1",
        port: of.port,
        locality: { region: "r", zone },
      });
      const zoned = serviceAt("zoned", [], {
        locality: "nearest",
        endpoints: [at(far, "z2"), ...(isNearThere ? [at(near, "z1")] : [])],
      });
      const failing = serviceAt("failing", [bad.port, near.port], {
        outlierDetection: { consecutiveErrors: 2, intervalMs: 100, ejectionMs: 60_000, maxEjectedPercent: 50 },
      });
      const listener = listenerOn(port, [ruleTo("/zoned", "zoned"), ruleTo("/failing", "failing")]);
      bed.set(meshOf([proxyOf("edge", [listener], { locality: { region: "r", zone: "z1" } })], [zoned, failing]));
    };
    put(true);
    await bed.envoy("edge");
    const answering = async (path: string) => (await bed.ask(port, path)).echo?.backend;
    await expect.poll(() => answering("/zoned"), soon).toBe("near");
    for (let at = 0; at < 20; at += 1) expect(await answering("/zoned")).toBe("near");
    put(false);
    await expect.poll(() => answering("/zoned"), soon).toBe("far");

    const last: (string | undefined)[] = [];
    await expect
      .poll(async () => {
        last.push(await answering("/failing"));
        return last.slice(-20).filter((each) => each === "near").length;
      }, soon)
      .toBe(20);
    expect(bad.seen.length).toBeGreaterThan(0);
    expect(bed.rejected).toEqual([]);
  });

  test("to HTTP/2 upstreams, and no more at a time than a service takes", async () => {
    bed = await MeshBed.open();
    const modern = await bed.backend("modern", { http2: true });
    const slow = await bed.backend("slow", { status: () => "never" });
    const port = await serving(
      [
        ruleTo("/modern", "modern"),
        ruleTo("/slow", "slow", {
          action: { kind: "forward", backends: [{ service: "slow", weight: 1 }], timeoutMs: 2_000 },
        }),
      ],
      [
        serviceAt("modern", [modern.port], { protocol: "http2" }),
        serviceAt("slow", [slow.port], {
          circuitBreaker: { maxConnections: 1, maxPendingRequests: 1, maxRequests: 1 },
        }),
      ],
    );
    expect((await bed.ask(port, "/modern")).echo?.protocol).toBe("HTTP/2.0");
    const statuses = await Promise.all(Array.from({ length: 6 }, () => bed.status(port, "/slow")));
    // Some wait for the time-out; those beyond the limit are told so at once.
    expect(statuses).toContain(503);
    expect(statuses).toContain(504);
  });
});
