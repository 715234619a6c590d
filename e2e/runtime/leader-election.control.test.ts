import { describe, expect } from "vitest";
import { untilReady } from "#e2e/harness/conditions.ts";
import { eventually } from "#e2e/harness/eventually.ts";
import { widgetController } from "./widget-controller.ts";
import { test } from "./widget-test.ts";
import { makeWidget, widgets } from "./widgets.ts";

const TIMES = { leaseMs: 2_000, renewMs: 1_500, retryMs: 300 };

describe("leader election", () => {
  test("one of two replicas works; the other takes over at once when it stops", async ({ kube, namespace, run }) => {
    const lease = { namespace, name: "test-lease", times: TIMES };
    const passes: [string[], string[]] = [[], []];
    const first = await run([widgetController("lead", passes[0])], { leaderElection: lease });
    await makeWidget(kube, namespace, "lead-1", { size: 1 });
    await untilReady(kube, widgets, { name: "lead-1", namespace });
    await run([widgetController("lead", passes[1])], { leaderElection: lease });
    await makeWidget(kube, namespace, "lead-2", { size: 1 });
    await untilReady(kube, widgets, { name: "lead-2", namespace });
    expect(passes[1]).toEqual([]);
    await first.stop();
    await makeWidget(kube, namespace, "lead-3", { size: 1 });
    await untilReady(kube, widgets, { name: "lead-3", namespace });
    expect(passes[1]).toContain("lead-3");
    expect(passes[0]).not.toContain("lead-3");
  });

  test("a lease that is lost ends the work and not the process: it works again when it holds the lease again", async ({
    kube,
    namespace,
    run,
    proxied,
  }) => {
    const lease = { namespace, name: "lost-lease", times: TIMES };
    const passes: [string[], string[]] = [[], []];
    const first = await run([widgetController("lost", passes[0])], {
      leaderElection: lease,
      connection: proxied.connection,
    });
    await makeWidget(kube, namespace, "lost-1", { size: 1 });
    await untilReady(kube, widgets, { name: "lost-1", namespace });
    const leads = async (): Promise<boolean> =>
      /^nephele_leader 1$/m.test(await first.manager.metrics.registry.metrics());
    expect(await leads()).toBe(true);
    proxied.proxy.fault = { kind: "down" };
    await eventually("the first to give up", async () => !(await leads()));
    const second = await run([widgetController("lost", passes[1])], { leaderElection: lease });
    await makeWidget(kube, namespace, "lost-2", { size: 1 });
    await untilReady(kube, widgets, { name: "lost-2", namespace });
    expect(passes[1]).toContain("lost-2");
    proxied.proxy.fault = undefined;
    await eventually("the first to see what was made", async () =>
      first.manager.informers.get(widgets, { name: "lost-2", namespace }),
    );
    expect(passes[0]).not.toContain("lost-2");
    await expect(
      first.manager.kube.mergePatch(widgets, { name: "lost-2", namespace }, { spec: { size: 9 } }),
    ).rejects.toThrow("does not lead");
    await second.stop();
    await eventually("the first to lead", leads);
    await makeWidget(kube, namespace, "lost-3", { size: 1 });
    await untilReady(kube, widgets, { name: "lost-3", namespace });
    // At the beginning of a term everything is looked at, also what came while another worked.
    expect(passes[0]).toEqual(expect.arrayContaining(["lost-2", "lost-3"]));
  });
});
