import { describe, expect } from "vitest";
import { untilCondition, untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { defineController, type ReconcileContext } from "#runtime/controller/definition.ts";
import { settled } from "#runtime/controller/outcome.ts";
import { widgetController } from "./widget-controller.ts";
import { test } from "./widget-test.ts";
import { apiVersion, configMaps, makePart, makeWidget, parts, type Widget, widgets } from "./widgets.ts";

function sizeOf(
  kube: KubeClient,
  key: { readonly name: string; readonly namespace: string },
): Promise<string | undefined> {
  return kube.get(configMaps, key).then((found) => found?.data?.["size"]);
}

describe("controller", () => {
  test("a controller makes its child, mends it when it is deleted, follows the spec and cleans up at the end", async ({
    kube,
    namespace,
    run,
  }) => {
    const cleaned: string[] = [];
    await run([widgetController("life", [], cleaned)]);
    const key = { name: "life", namespace };
    await makeWidget(kube, namespace, "life", { size: 3 });
    const ready = await untilReady(kube, widgets, key);
    expect(ready.status?.seenSize).toBe(3);
    expect(ready.metadata.finalizers).toEqual(["nephele.dev/widget"]);
    await kube.delete(configMaps, key);
    await eventually("the ConfigMap to be made again", async () => (await sizeOf(kube, key)) === "3");
    await kube.apply(
      widgets,
      { apiVersion, kind: "Widget", metadata: key, spec: { size: 4 } },
      { fieldOwner: "nephele-tests", force: true },
    );
    await eventually("the ConfigMap to follow", async () => (await sizeOf(kube, key)) === "4");
    expect(cleaned).toEqual([]);
    await kube.delete(widgets, key);
    await untilGone(kube, widgets, key);
    expect(cleaned).toEqual(["life"]);
  });

  test("at rest nothing is written: a second look at a settled object changes no resourceVersion", async ({
    kube,
    namespace,
    run,
  }) => {
    const first = await run([widgetController("rest")]);
    await makeWidget(kube, namespace, "rest", { size: 1 });
    const key = { name: "rest", namespace };
    const before = await untilReady(kube, widgets, key);
    await first.stop();
    const passes: string[] = [];
    const second = await run([widgetController("rest", passes)]);
    await eventually("the second manager to look at it", async () => passes.includes("rest"));
    await second.stop();
    expect((await kube.get(widgets, key))?.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test("a missing dependency is awaited by name, wakes its referrer, and cannot go while it is used", async ({
    kube,
    namespace,
    run,
  }) => {
    await run([widgetController("needy")]);
    const key = { name: "needy", namespace };
    await makeWidget(kube, namespace, "needy", { size: 1, part: "wheel" });
    await untilCondition(kube, widgets, key, {
      type: "Ready",
      status: "False",
      message: new RegExp(`^Waiting for Part ${namespace}/wheel$`),
    });
    await makePart(kube, namespace, "wheel", false);
    await untilCondition(kube, widgets, key, {
      type: "Ready",
      status: "False",
      message: /Part wheel to be usable/,
    });
    const part = { name: "wheel", namespace };
    await kube.mergePatch(parts, part, { spec: { usable: true } });
    await untilReady(kube, widgets, key);
    expect((await kube.get(parts, part))?.metadata.finalizers).toEqual(["nephele.dev/widget-part"]);
    await kube.delete(parts, part);
    expect((await kube.get(parts, part))?.metadata.deletionTimestamp).toBeDefined();
    await kube.delete(widgets, key);
    await untilGone(kube, parts, part);
  });

  test("a paused object is left alone and says so, until it is resumed", async ({ kube, namespace, run }) => {
    const passes: string[] = [];
    await run([widgetController("paused", passes)]);
    const key = { name: "paused", namespace };
    const metadata = { ...key, annotations: { "nephele.dev/paused": "true" } };
    await kube.create(widgets, {
      apiVersion,
      kind: "Widget",
      metadata,
      spec: { size: 1 },
    });
    await untilCondition(kube, widgets, key, { type: "Reconciling", status: "False", reason: "Paused" });
    expect(passes).toEqual([]);
    await kube.mergePatch(widgets, key, { metadata: { annotations: { "nephele.dev/paused": null } } });
    await untilReady(kube, widgets, key);
  });

  test("a failing step keeps its object and tries again until it works", async ({ kube, namespace, run }) => {
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
    await makeWidget(kube, namespace, "failing", {});
    await run([controller]);
    const key = { name: "failing", namespace };
    await untilCondition(kube, widgets, key, {
      type: "Reconciling",
      status: "True",
      reason: "TransientError",
      message: /answered 500/,
    });
    await untilReady(kube, widgets, key);
  });
});
