import { describe, expect } from "vitest";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { widgetController } from "./widget-controller.ts";
import { test } from "./widget-test.ts";
import { makeWidget, widgets } from "./widgets.ts";

describe("API server", () => {
  test("cut watches and an API server that is away lose nothing", async ({ kube, namespace, run, proxied }) => {
    const { manager } = await run([widgetController("cut")], { connection: proxied.connection });
    await makeWidget(kube, namespace, "cut-1", { size: 1 });
    await untilReady(kube, widgets, { name: "cut-1", namespace });
    proxied.proxy.cutAll();
    await makeWidget(kube, namespace, "cut-2", { size: 2 });
    await untilReady(kube, widgets, { name: "cut-2", namespace });
    proxied.proxy.fault = { kind: "down" };
    await makeWidget(kube, namespace, "cut-3", { size: 3 });
    await kube.delete(widgets, { name: "cut-1", namespace });
    await eventually("the watch's failure to be counted", async () =>
      /nephele_watch_errors_total\{[^}]*\} [1-9]/.test(await manager.metrics.registry.metrics()),
    );
    proxied.proxy.fault = undefined;
    await untilReady(kube, widgets, { name: "cut-3", namespace });
    await untilGone(kube, widgets, { name: "cut-1", namespace });
  });

  test("an API server that does not stream initial state is listed in pages", async ({
    kube,
    namespace,
    run,
    proxied,
  }) => {
    let refused = 0;
    const body = JSON.stringify({
      kind: "Status",
      status: "Failure",
      reason: "Invalid",
      message: "sendInitialEvents is forbidden",
      code: 422,
    });
    proxied.proxy.fault = {
      kind: "answer",
      status: 422,
      contentType: "application/json",
      body,
      when: (_method, path) => {
        const streamed = path.includes("sendInitialEvents");
        if (streamed) refused += 1;
        return streamed;
      },
    };
    await run([widgetController("paged")], { connection: proxied.connection });
    await makeWidget(kube, namespace, "paged", { size: 1 });
    await untilReady(kube, widgets, { name: "paged", namespace });
    expect(refused).toBeGreaterThan(0);
  });
});
