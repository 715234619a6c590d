import { describe, expect } from "vitest";
import { eventually } from "#e2e/harness/eventually.ts";
import { type Controller, defineController, type ReconcileContext } from "#runtime/controller/definition.ts";
import { settled } from "#runtime/controller/outcome.ts";
import { LeaderElection, LeadershipLost } from "#runtime/manager/leader.ts";
import { leases } from "#runtime/manager/lease.ts";
import { createLogger } from "#runtime/observe/log.ts";
import { test } from "./widget-test.ts";
import { makeWidget, type Widget, widgets } from "./widgets.ts";

const times = { leaseMs: 2_000, renewMs: 1_500, retryMs: 300 };
const names = ["left", "shared", "right"];

/** Three controllers that note which objects they look at: "shared one". */
function noting(passes: string[]): readonly Controller[] {
  return names.map((name) =>
    defineController<Widget, ReconcileContext<Widget>>({
      name,
      reconciles: widgets,
      observesOnly: true,
      scope: (context) => context,
      steps: [
        async ({ object }) => {
          passes.push(`${name} ${object.metadata.name}`);
          return settled();
        },
      ],
    }),
  );
}

/** Waits until each of these was noted. */
function noted(passes: readonly string[], ...wanted: readonly string[]): Promise<unknown> {
  return eventually(wanted.join(" and "), async () => wanted.every((each) => passes.includes(each)));
}

describe("sets of controllers", () => {
  test("that overlap do not work at once, those that are disjoint do, and who waits says for whom", async ({
    kube,
    namespace,
    run,
  }) => {
    const passes: [string[], string[], string[]] = [[], [], []];
    const leaderElection = { namespace, name: "sets", times };
    const lines: string[] = [];
    const log = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
    const first = await run(noting(passes[0]), { only: ["shared", "left"], leaderElection });
    await makeWidget(kube, namespace, "one", {});
    await noted(passes[0], "left one", "shared one");
    const second = await run(noting(passes[1]), { only: ["shared", "right"], leaderElection, log });
    await eventually("the second to say what it waits for", async () =>
      lines.find((line) => line.includes("shared (Lease sets-left-shared)")),
    );
    // The second holds nothing while it waits: what it would run besides is free for others.
    const third = await run(noting(passes[2]), { only: ["right"], leaderElection });
    await noted(passes[2], "right one");
    await makeWidget(kube, namespace, "two", {});
    await noted(passes[0], "left two", "shared two");
    await noted(passes[2], "right two");
    expect(passes[1]).toEqual([]);
    await third.stop();
    await first.stop();
    await noted(passes[1], "shared two", "right two");
    await makeWidget(kube, namespace, "three", {});
    await noted(passes[1], "shared three", "right three");
    expect([...passes[0], ...passes[2]].filter((each) => each.endsWith("three"))).toEqual([]);
    await second.stop();
  });

  test("would run a controller twice, if each set had no more than a Lease of its own", async ({
    kube,
    namespace,
    run,
  }) => {
    const passes: [string[], string[]] = [[], []];
    for (const [at, name] of ["apart", "asunder"].entries()) {
      const only = at === 0 ? ["shared", "left"] : ["shared", "right"];
      await run(noting(passes[at] ?? []), { only, leaderElection: { namespace, name, times } });
    }
    await makeWidget(kube, namespace, "four", {});
    await noted(passes[0], "shared four");
    await noted(passes[1], "shared four");
  });

  test("take over from one that is cut off, which does not work again before they end", async ({
    kube,
    namespace,
    run,
    proxied,
  }) => {
    const passes: [string[], string[]] = [[], []];
    const leaderElection = { namespace, name: "cut-off", times };
    const { connection, proxy } = proxied;
    await run(noting(passes[0]), { only: ["shared", "left"], leaderElection, connection });
    await makeWidget(kube, namespace, "five", {});
    await noted(passes[0], "shared five");
    proxy.fault = { kind: "down" };
    const second = await run(noting(passes[1]), { only: ["shared"], leaderElection });
    await noted(passes[1], "shared five");
    proxy.fault = undefined;
    await makeWidget(kube, namespace, "six", {});
    await noted(passes[1], "shared six");
    expect(passes[0]).not.toContain("shared six");
    await second.stop();
    await noted(passes[0], "shared six", "left six");
  });

  test("a Lease that is taken away is not renewed, as it might be by one that slept", async ({ kube, namespace }) => {
    const lease = { namespace, name: "taken-away" };
    const log = createLogger({ level: "silent" });
    const election = new LeaderElection({ kube, lease, identity: "sleeper", log, times });
    const stop = new AbortController();
    await election.acquire(stop.signal);
    await kube.mergePatch(leases, lease, { spec: { holderIdentity: null } });
    await expect(election.hold(stop.signal)).rejects.toThrow(LeadershipLost);
    expect((await kube.get(leases, lease))?.spec?.holderIdentity).toBeUndefined();
  });
});
