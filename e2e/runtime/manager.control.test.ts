import { describe, expect, vi } from "vitest";
import { unique } from "#e2e/harness/bed.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { defineController, type ReconcileContext, watch } from "#runtime/controller/definition.ts";
import { waiting } from "#runtime/controller/outcome.ts";
import { widgetController } from "./widget-controller.ts";
import { test } from "./widget-test.ts";
import { configMaps, makeNamespace, makeWidget, namespaces, type Widget, widgets } from "./widgets.ts";

/** Something that nothing leads to. */
const unreachable = (): WeakRef<object> => new WeakRef({});

describe("manager", () => {
  test("health says what is missing until the caches are filled, and metrics name the controllers", async ({ run }) => {
    const { manager } = await run([widgetController("health")], {
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
  });

  test("garbage is collected once, when every object has been looked at", async ({ kube, namespace, run }) => {
    await makeWidget(kube, namespace, "slow", {});
    // Node's own goes on to collect; it is only heard of.
    const collected = vi.spyOn(globalThis as { gc: NodeJS.GCFunction }, "gc");
    const garbage = unreachable();
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const controller = defineController<Widget, ReconcileContext<Widget>>({
      name: "collected",
      reconciles: widgets,
      scope: (context) => context,
      steps: [
        async ({ object: { metadata } }) => {
          if (metadata.namespace === namespace) {
            begun.resolve();
            await held.promise;
          }
          return waiting("nothing");
        },
      ],
    });
    try {
      await run([controller]);
      await begun.promise;
      expect(collected).not.toHaveBeenCalled();
      held.resolve();
      await eventually("the collection", async () => collected.mock.calls.length > 0);
      expect(collected).toHaveBeenCalledTimes(1);
      await eventually("what nothing leads to to be gone", async () => garbage.deref() === undefined);
    } finally {
      held.resolve();
      collected.mockRestore();
    }
  });

  test("namespaces that objects name are watched while they are named, and no others", async ({
    kube,
    namespace,
    run,
  }) => {
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
      await makeNamespace(kube, name);
      await kube.create(configMaps, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "looked-at", namespace: name },
      });
    }
    const { manager } = await run([controller]);
    await makeWidget(kube, namespace, "within", { part: inside });
    await eventually("the namespace to be watched", async () =>
      manager.informers.get(configMaps, { name: "looked-at", namespace: inside }),
    );
    expect(seen).toEqual([inside]);
    expect(() => manager.informers.get(configMaps, { name: "looked-at", namespace: outside })).toThrow(
      "not listed yet",
    );
    await kube.delete(widgets, { name: "within", namespace });
    await eventually("the watch to end", async () => !manager.informers.hasSynced(configMaps, inside));
    for (const name of [inside, outside]) await kube.delete(namespaces, { name });
  });
});
