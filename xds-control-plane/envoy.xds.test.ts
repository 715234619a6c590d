import { ServerCredentials } from "@grpc/grpc-js";
import { Agent, request } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { freePort } from "../e2e/cluster/ports.ts";
import { type Backend, startBackend } from "../e2e/envoy/backend.ts";
import { type Envoy, startEnvoy } from "../e2e/envoy/envoy.ts";
import { endpoint, listener, route } from "./conformance/fixtures.ts";
import { type LoadReport, type Resource, resource, Snapshot, XdsServer, type XdsServerOptions } from "./index.ts";

const group = "all";
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const variants = [
  { variant: "delta", apiType: "DELTA_GRPC" },
  { variant: "sotw", apiType: "GRPC" },
] as const;

/** What the server did, as the tests look at it. */
interface Seen {
  readonly rejected: string[];
  readonly loads: LoadReport[];
  resources: number;
  removed: number;
}

interface Bed {
  readonly server: XdsServer;
  readonly seen: Seen;
  readonly xdsPort: number;
}

async function serve(port = 0, options: Partial<XdsServerOptions> = {}): Promise<Bed> {
  const seen: Seen = { rejected: [], loads: [], resources: 0, removed: 0 };
  const server = new XdsServer({
    identifier: "test",
    admit: () => group,
    debounce: { quietMs: 0, busyMs: 0 },
    loadReportsEveryMs: 500,
    observer: {
      sent: (_stream, { resources, removed }) => {
        seen.resources += resources.length;
        seen.removed += removed.length;
      },
      rejected: (_stream, _response, { message }) => seen.rejected.push(message),
      loadReported: (report) => seen.loads.push(report),
    },
    ...options,
  });
  const xdsPort = await server.listen(`127.0.0.1:${port}`, ServerCredentials.createInsecure());
  return { server, seen, xdsPort };
}

async function backend(name: string): Promise<Backend> {
  const made = await startBackend(name);
  open.push(() => made.close());
  return made;
}

async function envoy(bed: Bed, apiType: "GRPC" | "DELTA_GRPC"): Promise<Envoy> {
  const made = await startEnvoy({ id: "envoy-of-test", xdsPort: bed.xdsPort, apiType });
  open.push(() => made.stop());
  return made;
}

function cluster(name: string, more: Readonly<Record<string, unknown>> = {}): Resource {
  const edsClusterConfig = { edsConfig: { ads: {}, resourceApiVersion: "V3" } };
  return resource("cluster", { name, type: "EDS", connectTimeout: "2s", edsClusterConfig, ...more });
}

/** A listener whose routes send everything to one cluster with one backend. */
function world(port: number, name: string, to: Backend): Resource[] {
  return [cluster(name), endpoint(name, to.port), listener("in", port, "routes"), route("routes", name)];
}

/** A request through Envoy: what answered, or how it failed. */
async function ask(agent: Agent, port: number): Promise<string> {
  try {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}/`, { dispatcher: agent });
    const text = await body.text();
    return statusCode === 200 ? text : `${statusCode} ${text}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function agent(): Agent {
  const made = new Agent({ connections: 4 });
  open.push(() => made.destroy());
  return made;
}

const soon = { timeout: 30_000, interval: 50 };

describe.each(variants)("Envoy by $variant", ({ apiType, variant }) => {
  test("takes its configuration, routes, follows an endpoint, warms a changed cluster, and reports its load", async () => {
    const bed = await serve();
    open.push(() => bed.server.close());
    const [one, two, port, requests] = [await backend("one"), await backend("two"), await freePort(), agent()];
    let snapshot = Snapshot.of(world(port, "web", one));
    const put = (...resources: Resource[]): void => {
      snapshot = snapshot.with({ put: resources });
      bed.server.snapshots.set(group, snapshot);
    };
    bed.server.snapshots.set(group, snapshot);
    const proxy = await envoy(bed, apiType);
    await expect.poll(() => ask(requests, port), soon).toBe("one");

    put(endpoint("web", two.port));
    await expect.poll(() => ask(requests, port), soon).toBe("two");

    // Without the endpoints sent again the cluster would warm until a time-out of ten seconds.
    const before = (await proxy.stat("cluster_manager.cluster_modified")) ?? 0;
    put(cluster("web", { connectTimeout: "3s" }));
    await expect.poll(() => proxy.stat("cluster_manager.cluster_modified"), soon).toBe(before + 1);
    await expect.poll(() => proxy.stat("cluster_manager.warming_clusters"), { timeout: 5_000 }).toBe(0);
    expect(await ask(requests, port)).toBe("two");

    // Requests go on: Envoy counts a cluster's only from the moment at which it was told to report them.
    await expect
      .poll(async () => {
        await ask(requests, port);
        return bed.seen.loads.some((load) => load.cluster === "web" && load.succeeded > 0);
      }, soon)
      .toBe(true);
    expect(bed.seen.rejected).toEqual([]);
  });

  test("rejects what it cannot use: the rest goes on, and it is not sent again until it changes", async () => {
    const bed = await serve();
    open.push(() => bed.server.close());
    const [one, port, requests] = [await backend("one"), await freePort(), agent()];
    const good = Snapshot.of(world(port, "web", one));
    const bad = good.with({
      put: [cluster("bad", { transportSocket: { name: "no-such-socket" } }), endpoint("bad", 1)],
    });
    bed.server.snapshots.set(group, bad);
    await envoy(bed, apiType);
    await expect.poll(() => ask(requests, port), soon).toBe("one");
    expect(bed.seen.rejected.length).toBe(1);
    expect(bed.seen.rejected[0]).toContain("no-such-socket");
    bed.server.snapshots.set(group, bad.with({ put: [cluster("bad"), endpoint("bad", 2)] }));
    bed.server.snapshots.set(
      group,
      bad.with({ put: [cluster("bad"), endpoint("bad", one.port), route("routes", "bad")] }),
    );
    await expect.poll(() => ask(requests, port), soon).toBe("one");
    expect(bed.seen.rejected.length).toBe(1);
  });

  test("goes on without the control plane, and is sent nothing that did not change when it is back", async () => {
    const port = await freePort();
    const [one, two, requests] = [await backend("one"), await backend("two"), agent()];
    const first = await serve();
    const snapshot = Snapshot.of([...world(port, "web", one), cluster("other"), endpoint("other", two.port)]);
    first.server.snapshots.set(group, snapshot);
    const proxy = await envoy(first, apiType);
    await expect.poll(() => ask(requests, port), soon).toBe("one");
    await first.server.close();
    await expect.poll(() => proxy.stat("control_plane.connected_state"), soon).toBe(0);
    expect(await ask(requests, port)).toBe("one");

    const back = await serve(first.xdsPort);
    open.push(() => back.server.close());
    back.server.snapshots.set(group, snapshot);
    await expect.poll(() => proxy.stat("control_plane.connected_state"), soon).toBe(1);
    // A change shows that the proxy is heard again; only what changed was sent until then.
    back.server.snapshots.set(group, snapshot.with({ put: [endpoint("web", two.port)] }));
    await expect.poll(() => ask(requests, port), soon).toBe("two");
    if (variant === "delta") expect(back.seen.resources).toBe(1);
    expect(back.seen.rejected).toEqual([]);
  });
});

/** A pseudo-random number from 0 to below `below`, the same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The routes move from cluster to cluster, each time to a new one, while requests go through; the failures come back. */
async function move(
  apiType: "GRPC" | "DELTA_GRPC",
  makeBeforeBreak: boolean,
  changes: number,
  seed: number,
): Promise<{ readonly failures: readonly string[]; readonly requests: number; readonly seen: Seen }> {
  const bed = await serve(0, { ordering: { makeBeforeBreak } });
  open.push(() => bed.server.close());
  const [port, dispatcher, pick] = [await freePort(), agent(), random(seed)];
  const backends = [await backend("one"), await backend("two"), await backend("three")];
  const target = (): Backend => backends[pick(backends.length)] as Backend;
  let snapshot = Snapshot.of(world(port, "web-0", target()));
  bed.server.snapshots.set(group, snapshot);
  const proxy = await envoy(bed, apiType);
  await expect.poll(() => ask(dispatcher, port), soon).toMatch(/one|two|three/);

  const failures: string[] = [];
  let requests = 0;
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const answer = await ask(dispatcher, port);
      requests += 1;
      if (!/^(one|two|three)$/.test(answer)) failures.push(answer);
    }
  });
  for (let at = 1; at <= changes && (makeBeforeBreak || failures.length === 0); at += 1) {
    const [former, next] = [`web-${at - 1}`, `web-${at}`];
    snapshot = snapshot.with({
      put: [cluster(next), endpoint(next, target().port), route("routes", next)],
      remove: [
        { kind: "cluster", name: former },
        { kind: "endpoint", name: former },
      ],
    });
    bed.server.snapshots.set(group, snapshot);
    // Now and then the next change comes while this one is still on its way.
    const until = requests + pick(12);
    while (requests < until) await new Promise((resolve) => setImmediate(resolve));
  }
  if (makeBeforeBreak) await expect.poll(async () => (await clusters(proxy)).join(), soon).toBe(`web-${changes}`);
  isOver = true;
  await Promise.all(load);
  return { failures, requests, seen: bed.seen };
}

/** The dynamic clusters that Envoy has. */
async function clusters(proxy: Envoy): Promise<readonly string[]> {
  const text = await proxy.admin("/config_dump?resource=dynamic_active_clusters");
  const { configs = [] } = JSON.parse(text) as { configs?: { cluster: { name: string } }[] };
  return configs.map(({ cluster: { name } }) => name).sort();
}

describe("make before break, under load", () => {
  test.each(variants)("no request is lost while routes move and clusters go ($variant)", async ({ apiType }) => {
    const { failures, requests, seen } = await move(apiType, true, 60, 7);
    expect(failures).toEqual([]);
    expect(seen.rejected).toEqual([]);
    expect(requests).toBeGreaterThan(100);
  });

  test("control: without the order some are", async () => {
    const { failures } = await move("DELTA_GRPC", false, 60, 7);
    expect(failures.length).toBeGreaterThan(0);
  });
});
