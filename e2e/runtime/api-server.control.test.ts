import { describe, expect } from "vitest";
import { untilGone, untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { resourceName } from "#runtime/api/resource.ts";
import { createClient } from "#runtime/client/client.ts";
import type { KubeClient } from "#runtime/client/kube-client.ts";
import { createTransport } from "#runtime/client/transport.ts";
import { defineController, type ReconcileContext } from "#runtime/controller/definition.ts";
import { settled } from "#runtime/controller/outcome.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { widgetController } from "./widget-controller.ts";
import { test } from "./widget-test.ts";
import { apiVersion, gadgets, installKind, makeWidget, removeKind, type Widget, widgets } from "./widgets.ts";

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

  test("a kind that is not installed is asked for again and again, and spoken of twice: when it is missed and when it comes", async ({
    kube,
    namespace,
    run,
  }) => {
    const lines: string[] = [];
    const log = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
    const about = (): readonly string[] =>
      lines.filter((line) => line.includes(`"resource":"${resourceName(gadgets)}"`));
    const seen: string[] = [];
    const controller = defineController<Widget, ReconcileContext<Widget>>({
      name: "gadget",
      reconciles: gadgets,
      observesOnly: true,
      scope: (context) => context,
      steps: [
        async ({ object }) => {
          seen.push(object.metadata.name);
          return settled();
        },
      ],
    });
    const { manager } = await run([controller], { log });
    const refused = new RegExp(
      `nephele_api_requests_total\\{verb="watch",resource="${resourceName(gadgets)}",code="404"\\} [3-9]`,
    );
    await eventually("three requests", async () => refused.test(await manager.metrics.registry.metrics()));
    expect(about()).toEqual([expect.stringContaining("does not serve this kind")]);
    await installKind(kube, gadgets);
    await kube.create(gadgets, { apiVersion, kind: "Gadget", metadata: { name: "first", namespace } });
    await eventually("the object to be seen", async () => seen.includes("first"));
    expect(about()).toEqual([expect.any(String), expect.stringContaining("serves this kind now")]);
    expect(about().join("")).not.toContain("stack");
    await removeKind(kube, gadgets);
  });

  test("a throttled write is sent again, and asked for again each time: a lease may be lost meanwhile", async ({
    kube,
    namespace,
    proxied,
  }) => {
    const created = await makeWidget(kube, namespace, "throttled", {});
    const body = JSON.stringify({ kind: "Status", status: "Failure", reason: "TooManyRequests", code: 429 });
    const answer = { kind: "answer", status: 429, contentType: "application/json", body } as const;
    let asked = 0;
    const writes = (mayAgain: boolean): KubeClient => {
      asked = 0;
      const admit = (): void => {
        asked += 1;
        if (asked === 1) return;
        proxied.proxy.fault = undefined;
        if (!mayAgain) throw new Error("not any more");
      };
      proxied.proxy.fault = answer;
      return createClient(createTransport(proxied.connection, { userAgent: "nephele-tests", admit }));
    };
    const patch = (by: KubeClient) => by.mergePatch(widgets, { name: "throttled", namespace }, { spec: { size: 2 } });
    await expect(patch(writes(false))).rejects.toThrow("not any more");
    expect(asked).toBe(2);
    const version = async () => (await kube.get(widgets, { name: "throttled", namespace }))?.metadata.resourceVersion;
    expect(await version()).toBe(created.metadata.resourceVersion);
    await patch(writes(true));
    expect(asked).toBe(2);
    expect(await version()).not.toBe(created.metadata.resourceVersion);
  });
});
