import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FaultProxy } from "#e2e/faults/proxy.ts";
import { type Bed, openBed, unique } from "#e2e/harness/bed.ts";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { controllerReference } from "#runtime/api/resource.ts";
import { type Connection, connect } from "#runtime/client/connection.ts";
import { type Controller, defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { dependsOn } from "#runtime/controller/dependency.ts";
import { settled, waiting } from "#runtime/controller/outcome.ts";
import { Manager, type ManagerOptions } from "#runtime/manager/manager.ts";
import { createLogger } from "#runtime/observe/log.ts";
import {
  apiVersion,
  configMaps,
  installWidgets,
  makeNamespace,
  makePart,
  makeWidget,
  namespaces,
  parts,
  removeWidgets,
  type Widget,
  widgets,
} from "./widgets.ts";

const TIMES = { leaseMs: 2_000, renewMs: 1_500, retryMs: 300 };
const owner = { fieldOwner: "nephele-tests" };

let bed: Bed;
let namespace: string;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bed = await openBed();
  namespace = unique("runtime");
  await installWidgets(bed.kube);
  await makeNamespace(bed.kube, namespace);
});

afterAll(async () => {
  for (const end of ends) await end();
  await removeWidgets(bed.kube);
  await bed.kube.delete(namespaces, { name: namespace });
  await bed.close();
});

/** A Widget becomes a ConfigMap with its size; when it goes, its cleanup is recorded. */
function widgetController(passes: string[] = [], cleaned: string[] = [], prefix = ""): Controller {
  return defineController<Widget, ReconcileContext<Widget>>({
    name: "widget",
    reconciles: widgets,
    watches: [
      watch(configMaps, ({ metadata }) =>
        metadata.ownerReferences?.[0]?.kind === "Widget"
          ? [{ name: metadata.name, namespace: metadata.namespace ?? "" }]
          : [],
      ),
    ],
    dependencies: [widgetPart as never],
    scope: (context) => context,
    steps: [
      async (context) => {
        const { name, namespace: within = "" } = context.object.metadata;
        if (!name.startsWith(prefix)) return settled();
        passes.push(name);
        const part = await context.require(widgetPart);
        if (!part.ready) return part.outcome;
        const size = String(context.object.spec?.size ?? 0);
        if (context.cache.get(configMaps, { name, namespace: within })?.data?.["size"] === size) return settled();
        const metadata = { name, namespace: within, ownerReferences: [controllerReference(context.object)] };
        const wanted = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { size } };
        await context.kube.apply(configMaps, wanted, { fieldOwner: context.fieldOwner("children") });
        context.event("Normal", "Made", `made ConfigMap ${name}`);
        return settled();
      },
    ],
    cleanup: [
      async ({ object }) => {
        cleaned.push(object.metadata.name);
        return settled();
      },
    ],
    status: ({ object }) => ({ fields: { seenSize: object.spec?.size ?? 0 } }),
  });
}

const widgetPart = dependsOn<Widget, (typeof parts)["object"] & {}>({
  name: "part",
  from: widgets,
  on: parts,
  keys: ({ spec, metadata }) =>
    spec?.part === undefined ? [] : [{ name: spec.part, namespace: metadata.namespace ?? "" }],
  awaits: ({ spec, metadata }) => (spec?.usable === true ? undefined : `Part ${metadata.name} to be usable`),
  guard: true,
});

async function run(
  controllers: readonly Controller[],
  options: Partial<ManagerOptions> & { readonly connection?: Connection } = {},
): Promise<{ manager: Manager; stop: () => Promise<void>; done: Promise<void> }> {
  const connection = options.connection ?? (await connect({ kubeconfig: bed.cluster.kubeconfigPath }));
  const stop = new AbortController();
  const log = createLogger({ level: "silent" });
  const manager = new Manager({
    userAgent: "nephele-tests",
    controllers: () => controllers,
    identity: unique("m"),
    log,
    ...options,
    connection,
  });
  const done = manager.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await done.catch(() => {});
    await connection.close();
  };
  ends.push(end);
  return { manager, stop: end, done };
}

function sizeOf(name: string): Promise<string | undefined> {
  return bed.kube.get(configMaps, { name, namespace }).then((found) => found?.data?.["size"]);
}

describe("manager", () => {
  test("a controller makes its child, mends it when it is deleted, follows the spec and cleans up at the end", async () => {
    const cleaned: string[] = [];
    const { stop } = await run([widgetController([], cleaned, "life")]);
    const key = { name: "life", namespace };
    await makeWidget(bed.kube, namespace, "life", { size: 3 });
    const ready = await untilReady(bed.kube, widgets, key);
    expect(ready.status?.seenSize).toBe(3);
    expect(ready.metadata.finalizers).toEqual(["nephele.dev/widget"]);
    await bed.kube.delete(configMaps, key);
    await eventually("the ConfigMap to be made again", async () => (await sizeOf("life")) === "3");
    await bed.kube.apply(
      widgets,
      { apiVersion, kind: "Widget", metadata: key, spec: { size: 4 } },
      { ...owner, force: true },
    );
    await eventually("the ConfigMap to follow", async () => (await sizeOf("life")) === "4");
    expect(cleaned).toEqual([]);
    await bed.kube.delete(widgets, key);
    await untilGone(bed.kube, widgets, key);
    expect(cleaned).toEqual(["life"]);
    await stop();
  });

  test("at rest nothing is written: a second look at a settled object changes no resourceVersion", async () => {
    const first = await run([widgetController([], [], "rest")]);
    await makeWidget(bed.kube, namespace, "rest", { size: 1 });
    const key = { name: "rest", namespace };
    const before = await untilReady(bed.kube, widgets, key);
    await first.stop();
    const passes: string[] = [];
    const second = await run([widgetController(passes, [], "rest")]);
    await eventually("the second manager to look at it", async () => passes.includes("rest"));
    await second.stop();
    expect((await bed.kube.get(widgets, key))?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test("a missing dependency is awaited by name, wakes its referrer, and cannot go while it is used", async () => {
    const { stop } = await run([widgetController([], [], "needy")]);
    const key = { name: "needy", namespace };
    await makeWidget(bed.kube, namespace, "needy", { size: 1, part: "wheel" });
    await untilCondition(bed.kube, widgets, key, {
      type: "Ready",
      status: "False",
      message: new RegExp(`^Waiting for Part ${namespace}/wheel$`),
    });
    await makePart(bed.kube, namespace, "wheel", false);
    await untilCondition(bed.kube, widgets, key, {
      type: "Ready",
      status: "False",
      message: /Part wheel to be usable/,
    });
    const part = { name: "wheel", namespace };
    await bed.kube.mergePatch(parts, part, { spec: { usable: true } });
    await untilReady(bed.kube, widgets, key);
    expect((await bed.kube.get(parts, part))?.metadata.finalizers).toEqual(["nephele.dev/widget-part"]);
    await bed.kube.delete(parts, part);
    expect((await bed.kube.get(parts, part))?.metadata.deletionTimestamp).toBeDefined();
    await bed.kube.delete(widgets, key);
    await untilGone(bed.kube, parts, part);
    await stop();
  });

  test("a paused object is left alone and says so, until it is resumed", async () => {
    const passes: string[] = [];
    const { stop } = await run([widgetController(passes, [], "paused")]);
    const key = { name: "paused", namespace };
    const metadata = { ...key, annotations: { "nephele.dev/paused": "true" } };
    await bed.kube.create(widgets, {
      apiVersion,
      kind: "Widget",
      metadata,
      spec: { size: 1 },
    });
    await untilCondition(bed.kube, widgets, key, { type: "Reconciling", status: "False", reason: "Paused" });
    expect(passes).toEqual([]);
    await bed.kube.mergePatch(widgets, key, { metadata: { annotations: { "nephele.dev/paused": null } } });
    await untilReady(bed.kube, widgets, key);
    await stop();
  });

  test("a failing step keeps its object and tries again until it works", async () => {
    let failures = 2;
    const controller = defineController<Widget, ReconcileContext<Widget>>({
      name: "failing",
      reconciles: widgets,
      scope: (context) => context,
      steps: [
        async ({ object }) => {
          if (object.metadata.name !== "failing") return settled();
          if (failures > 0) {
            failures -= 1;
            throw new Error("the other service answered 500");
          }
          return settled();
        },
      ],
    });
    await makeWidget(bed.kube, namespace, "failing", {});
    const { stop } = await run([controller]);
    const key = { name: "failing", namespace };
    await untilCondition(bed.kube, widgets, key, {
      type: "Reconciling",
      status: "True",
      reason: "TransientError",
      message: /answered 500/,
    });
    await untilReady(bed.kube, widgets, key);
    await stop();
  });

  test("cut watches and an API server that is away lose nothing", async () => {
    const direct = await connect({ kubeconfig: bed.cluster.kubeconfigPath });
    const { dispatcher } = await direct.current();
    const proxy = new FaultProxy({ target: direct.server, dispatcher });
    const server = await proxy.start();
    const throughProxy: Connection = {
      ...direct,
      server,
      current: async () => ({ dispatcher: (await plain()).dispatcher, headers: {} }),
    };
    const { manager, stop } = await run([widgetController([], [], "cut")], { connection: throughProxy });
    await makeWidget(bed.kube, namespace, "cut-1", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "cut-1", namespace });
    proxy.cutAll();
    await makeWidget(bed.kube, namespace, "cut-2", { size: 2 });
    await untilReady(bed.kube, widgets, { name: "cut-2", namespace });
    proxy.fault = { kind: "down" };
    await makeWidget(bed.kube, namespace, "cut-3", { size: 3 });
    await bed.kube.delete(widgets, { name: "cut-1", namespace });
    await eventually("the watch's failure to be counted", async () =>
      /nephele_watch_errors_total\{[^}]*\} [1-9]/.test(await manager.metrics.registry.metrics()),
    );
    proxy.fault = undefined;
    await untilReady(bed.kube, widgets, { name: "cut-3", namespace });
    await untilGone(bed.kube, widgets, { name: "cut-1", namespace });
    await stop();
    await proxy.stop();
    await direct.close();
  });

  test("an API server that does not stream initial state is listed in pages", async () => {
    const direct = await connect({ kubeconfig: bed.cluster.kubeconfigPath });
    const { dispatcher } = await direct.current();
    const proxy = new FaultProxy({ target: direct.server, dispatcher });
    const server = await proxy.start();
    const body = JSON.stringify({
      kind: "Status",
      status: "Failure",
      reason: "Invalid",
      message: "sendInitialEvents is forbidden",
      code: 422,
    });
    proxy.fault = {
      kind: "answer",
      status: 422,
      contentType: "application/json",
      body,
      when: (_method, path) => path.includes("sendInitialEvents"),
    };
    const throughProxy: Connection = {
      ...direct,
      server,
      current: async () => ({ dispatcher: (await plain()).dispatcher, headers: {} }),
    };
    const { stop } = await run([widgetController([], [], "paged")], { connection: throughProxy });
    await makeWidget(bed.kube, namespace, "paged", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "paged", namespace });
    await stop();
    await proxy.stop();
    await direct.close();
  });

  test("one of two replicas works; the other takes over at once when it stops", async () => {
    const lease = { namespace, name: "test-lease", times: TIMES };
    const passes: [string[], string[]] = [[], []];
    const first = await run([widgetController(passes[0], [], "lead")], { leaderElection: lease });
    await makeWidget(bed.kube, namespace, "lead-1", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lead-1", namespace });
    const second = await run([widgetController(passes[1], [], "lead")], { leaderElection: lease });
    await makeWidget(bed.kube, namespace, "lead-2", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lead-2", namespace });
    expect(passes[1]).toEqual([]);
    await first.stop();
    await makeWidget(bed.kube, namespace, "lead-3", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lead-3", namespace });
    expect(passes[1]).toContain("lead-3");
    expect(passes[0]).not.toContain("lead-3");
    await second.stop();
  });

  test("a lease that is lost ends the work and not the process: it works again when it holds the lease again", async () => {
    const direct = await connect({ kubeconfig: bed.cluster.kubeconfigPath });
    const { dispatcher } = await direct.current();
    const proxy = new FaultProxy({ target: direct.server, dispatcher });
    const server = await proxy.start();
    const throughProxy: Connection = {
      ...direct,
      server,
      current: async () => ({ dispatcher: (await plain()).dispatcher, headers: {} }),
    };
    const lease = { namespace, name: "lost-lease", times: TIMES };
    const passes: [string[], string[]] = [[], []];
    const first = await run([widgetController(passes[0], [], "lost")], {
      leaderElection: lease,
      connection: throughProxy,
    });
    await makeWidget(bed.kube, namespace, "lost-1", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lost-1", namespace });
    const leads = async (): Promise<boolean> =>
      /^nephele_leader 1$/m.test(await first.manager.metrics.registry.metrics());
    expect(await leads()).toBe(true);
    proxy.fault = { kind: "down" };
    await eventually("the first to give up", async () => !(await leads()));
    const second = await run([widgetController(passes[1], [], "lost")], { leaderElection: lease });
    await makeWidget(bed.kube, namespace, "lost-2", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lost-2", namespace });
    expect(passes[1]).toContain("lost-2");
    proxy.fault = undefined;
    await eventually("the first to see what was made", async () =>
      first.manager.informers.get(widgets, { name: "lost-2", namespace }),
    );
    expect(passes[0]).not.toContain("lost-2");
    await expect(
      first.manager.kube.mergePatch(widgets, { name: "lost-2", namespace }, { spec: { size: 9 } }),
    ).rejects.toThrow("does not lead");
    await second.stop();
    await eventually("the first to lead", leads);
    await makeWidget(bed.kube, namespace, "lost-3", { size: 1 });
    await untilReady(bed.kube, widgets, { name: "lost-3", namespace });
    // At the beginning of a term everything is looked at, also what came while another worked.
    expect(passes[0]).toEqual(expect.arrayContaining(["lost-2", "lost-3"]));
    await first.stop();
    await proxy.stop();
    await direct.close();
  });

  test("health says what is missing until the caches are filled, and metrics name the controllers", async () => {
    const { manager, stop } = await run([widgetController([], [], "health")], {
      health: { host: "127.0.0.1", port: 0 },
    });
    const port = await eventually("the health port", async () => manager.healthPort);
    const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    await eventually("readiness", async () => (await get("/readyz")) === "ok\n");
    expect(await get("/healthz")).toBe("ok\n");
    const metrics = await get("/metrics");
    expect(metrics).toContain('nephele_workqueue_depth{controller="widget",priority="normal"}');
    expect(metrics).toMatch(/nephele_watch_age_seconds\{resource="widgets\.[^"]+"\} \d/);
    expect(metrics).toContain("nephele_api_requests_total");
    await stop();
  });

  test("namespaces that objects name are watched while they are named, and no others", async () => {
    const seen: string[] = [];
    const controller = defineController<Widget, ReconcileContext<Widget>>({
      name: "within",
      reconciles: widgets,
      watches: [
        watch(
          configMaps,
          ({ metadata }) => {
            if (metadata.name === "looked-at") seen.push(metadata.namespace ?? "");
            return [];
          },
          { within: { of: widgets as never, namespace: (object) => (object as Widget).spec?.part } },
        ),
      ],
      scope: (context) => context,
      steps: [async () => waiting("nothing")],
    });
    const [inside, outside] = [unique("inside"), unique("outside")];
    for (const name of [inside, outside]) {
      await makeNamespace(bed.kube, name);
      await bed.kube.create(configMaps, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "looked-at", namespace: name },
      });
    }
    const { manager, stop } = await run([controller]);
    await makeWidget(bed.kube, namespace, "within", { part: inside });
    await eventually("the namespace to be watched", async () =>
      manager.informers.get(configMaps, { name: "looked-at", namespace: inside }),
    );
    expect(seen).toEqual([inside]);
    expect(() => manager.informers.get(configMaps, { name: "looked-at", namespace: outside })).toThrow(
      "not listed yet",
    );
    await bed.kube.delete(widgets, { name: "within", namespace });
    await eventually("the watch to end", async () => !manager.informers.hasSynced(configMaps, inside));
    await stop();
    for (const name of [inside, outside]) await bed.kube.delete(namespaces, { name });
  });
});

/** A connection without TLS, for the proxy on loopback. */
async function plain(): Promise<{ dispatcher: import("undici").Agent }> {
  const { Agent } = await import("undici");
  plainAgent ??= new Agent({ bodyTimeout: 0, headersTimeout: 0, connections: 32 });
  return { dispatcher: plainAgent };
}
let plainAgent: import("undici").Agent | undefined;
