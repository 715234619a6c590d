import { describe, expect, test } from "vitest";
import { isOverQuota } from "#operator/amounts.ts";
import type { VirtualMachineInstance } from "#operator/api/foreign.ts";
import type { Server } from "#operator/api/generated/server.ts";
import { mergeConditions, type NewCondition } from "#runtime/api/conditions.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { standardConditions } from "#runtime/controller/status.ts";
import { aFlavor, aMachine, anInstance, aServer, aVolume, CREATED } from "./fixtures.ts";
import type { ServerScope } from "./scope.ts";
import { report, serverStatus } from "./status.ts";
import { disk, type Seen, scope, up } from "./testing/scope-of-pass.ts";
import { waitsForQuota } from "./wakes.ts";

const fields = (seen: Seen) => serverStatus(scope(seen)).fields;
describe("a build that goes well", () => {
  const machine = aMachine("Always");
  const first = fields({ machine });

  test("says the same from the machine's creation until the guest runs, so nothing is written in between", () => {
    expect(first).toMatchObject({
      state: "BUILD",
      taskState: "spawning",
      powerState: "NoState",
      rootDisk: { ready: false },
    });
    const steps: readonly Seen[] = [
      { machine, volume: aVolume("CloneInProgress") },
      { machine, volume: aVolume("Succeeded") },
      { machine, volume: aVolume("Succeeded"), instance: anInstance("Scheduling") },
      { machine, volume: aVolume("Succeeded"), instance: anInstance("Scheduled", { nodeName: "node-1" }) },
    ];
    for (const step of steps) expect(fields(step)).toEqual(first);
  });

  test("then says all at once: state, node, address, time, disk", () => {
    expect(fields({ machine, volume: aVolume("Succeeded"), instance: up })).toMatchObject({
      state: "ACTIVE",
      node: "node-1",
      addresses: [{ network: "default", address: "10.0.0.9", mac: "02:00:00:00:00:01" }],
      launchedAt: "2026-11-23T10:00:05Z",
      rootDisk: { ready: true },
      flavor: "small",
    });
  });

  test("and never again the same thing at another time", () => {
    const before = fields({ machine, volume: aVolume("Succeeded"), instance: up });
    const later = { server: aServer({}, before), machine, volume: aVolume("Succeeded"), instance: up, seconds: 500 };
    expect(fields(later)).toEqual(before);
  });
});

describe("a machine that was deleted from outside", () => {
  const server = aServer({}, { launchedAt: CREATED, state: "ACTIVE", flavor: "small" });
  const made = { server, machine: aMachine("Always"), volume: aVolume("CloneInProgress"), seconds: 2 };

  test("has never run when it is made again, in the same pass, too", () => {
    const again = fields({ ...made, more: { hadMachine: false } });
    expect(again).toMatchObject({ state: "BUILD", taskState: "spawning" });
    expect(again.launchedAt).toBeUndefined();
    // The control: a machine that was there all the time.
    expect(fields(made)).toMatchObject({ state: "ACTIVE", taskState: "powering-on", launchedAt: CREATED });
  });
});

describe("a guest whose address KubeVirt does not say", () => {
  const guest = anInstance("Running", { nodeName: "node-1" });
  const before = {
    launchedAt: CREATED,
    state: "ACTIVE",
    node: "node-1",
    addresses: [{ network: "default", address: "10.0.0.9" }],
  };
  const addresses = (more: Partial<ServerScope>, status: object = before) =>
    fields({
      server: aServer({}, status as Server["status"]),
      machine: aMachine("Always"),
      volume: aVolume("Succeeded"),
      instance: guest,
      more,
    }).addresses?.map(({ address }) => address);

  test("has its launcher's, and none where that has none", () => {
    expect(addresses({ launcher: { address: "10.0.0.10" } })).toEqual(["10.0.0.10"]);
    expect(addresses({ launcher: { address: undefined } })).toBeUndefined();
  });
  test("keeps what it had in a pass that asked nobody, on the same node alone", () => {
    expect(addresses({})).toEqual(["10.0.0.9"]);
    expect(addresses({}, { ...before, node: "node-2" })).toBeUndefined();
  });
});

describe("a Server that waits for a pod", () => {
  const going = { machine: aMachine("Always"), volume: aVolume("CloneInProgress"), seconds: 60 };
  test.each([
    [{ notCopied: "full" }, "DataVolume web-1-root-1 to be copied; no node takes a pod for it: full"],
    [{ notStarted: "FailedMount: no such volume" }, "the guest's pod to start: FailedMount: no such volume"],
    [{}, "VirtualMachine web-1 to be running"],
  ])("says of %j what is awaited, and looks again", async (more, awaited) => {
    const outcome = await report(scope({ ...going, more: { ...more, lookAgainMs: 10_000 } }));
    expect(outcome).toEqual({ kind: "waiting", for: awaited, pollAfterMs: 10_000 });
  });
  test("looks again while it reboots, too", async () => {
    const reboot = { requestedAt: CREATED, type: "Hard", instance: "uid-former" } as const;
    const server = aServer({}, { launchedAt: CREATED, state: "HARD_REBOOT", reboot });
    const starting = { server, volume: aVolume("Succeeded"), instance: anInstance("Scheduling") };
    const outcome = await report(scope({ ...going, ...starting, more: { lookAgainMs: 10_000 } }));
    expect(outcome).toEqual({ kind: "waiting", for: "the guest to reboot", pollAfterMs: 10_000 });
  });
});

describe("events of a guest", () => {
  const told = async (before: object | undefined, seen: Seen): Promise<readonly string[]> => {
    const events: string[] = [];
    const on = scope({ ...seen, server: aServer({}, before as Server["status"]) });
    const context = { ...on.context, event: (_: string, reason: string) => void events.push(reason) };
    await report({ ...on, context } as ServerScope);
    return events;
  };
  const running: Seen = { machine: aMachine("Always"), volume: aVolume("Succeeded"), instance: up, seconds: 60 };
  const stopped: Seen = { machine: aMachine("Halted"), volume: aVolume("Succeeded"), seconds: 60 };

  test("say that it came to rest in another state, and not that it is still there", async () => {
    expect(await told({ state: "BUILD", taskState: "spawning" }, running)).toEqual(["Active"]);
    expect(await told({ state: "ACTIVE", taskState: "powering-on", launchedAt: CREATED }, running)).toEqual(["Active"]);
    expect(await told({ state: "ACTIVE", launchedAt: CREATED }, running)).toEqual([]);
    expect(await told({ state: "ACTIVE", taskState: "powering-off", launchedAt: CREATED }, stopped)).toEqual([
      "ShutOff",
    ]);
    expect(await told({ state: "SHUTOFF", launchedAt: CREATED }, stopped)).toEqual([]);
  });
  test("say that it is moved, once", async () => {
    const moving = anInstance("Running", { ...up.status, migrationState: { startTimestamp: CREATED } });
    expect(await told({ state: "ACTIVE", launchedAt: CREATED }, { ...running, instance: moving })).toEqual([
      "Migrating",
    ]);
    const before = { state: "MIGRATING", taskState: "migrating", launchedAt: CREATED };
    expect(await told(before, { ...running, instance: moving })).toEqual([]);
    expect(await told(before, running)).toEqual(["Active"]);
  });
});

describe("what we do lies over what KubeVirt says", () => {
  const machine = aMachine("Always");
  const active = { machine, volume: aVolume("Succeeded"), instance: up, seconds: 500 };
  const launched = { flavor: "small", launchedAt: CREATED } as const;

  test("a resize, until the guest runs with the new Flavor", () => {
    const server = aServer({ flavorRef: { name: "large" } }, launched);
    expect(fields({ ...active, server, more: { flavor: aFlavor("large") } }).state).toBe("RESIZE");
    // Where the larger one cannot be had, the machine stays with the one that it has.
    expect(fields({ ...active, server, more: { flavor: aFlavor("small") } }).state).toBe("ACTIVE");
    // And one that was tried is still to be confirmed.
    const resize = { from: "tiny", to: "small", startedAt: CREATED, appliedAt: CREATED };
    const tried = aServer({ flavorRef: { name: "large" } }, { ...launched, resize });
    expect(fields({ ...active, server: tried, more: { flavor: aFlavor("small") } }).state).toBe("VERIFY_RESIZE");
  });
  test("a reboot that was written down", () => {
    const reboot = { requestedAt: CREATED, type: "Hard", instance: "uid-web-1" } as const;
    expect(fields({ ...active, server: aServer({}, { ...launched, reboot }) }).state).toBe("HARD_REBOOT");
  });
  test("a rebuild, while the new disk is made", () => {
    const more = { disk: { ...disk, generation: 2, volume: "web-1-root-2" } };
    expect(fields({ ...active, server: aServer({}, launched), volume: aVolume("CloneInProgress"), more }).state).toBe(
      "REBUILD",
    );
  });
  test("a rebuild, until the first guest of the new disk is up; none is waited for where the Server is stopped", () => {
    const more = { disk: { ...disk, generation: 2, volume: "web-1-root-2" } };
    const rebuilding = aServer({}, { ...launched, state: "REBUILD" });
    const made = { server: rebuilding, machine, volume: aVolume("Succeeded"), seconds: 500, more };
    expect(fields({ ...made, instance: anInstance("Scheduled") })).toMatchObject({
      state: "REBUILD",
      taskState: "rebuilding",
    });
    const spec = {
      volumes: [{ name: "root", dataVolume: { name: "web-1-root-2" } }],
    } as VirtualMachineInstance["spec"];
    expect(fields({ ...made, instance: { ...up, spec } as VirtualMachineInstance }).state).toBe("ACTIVE");
    const stopped = { ...made, machine: aMachine("Halted") };
    expect(fields(stopped).state).toBe("SHUTOFF");
    expect(fields({ ...stopped, volume: aVolume("WaitForFirstConsumer") }).state).toBe("SHUTOFF");
    expect(fields({ ...stopped, volume: aVolume("CloneInProgress") }).state).toBe("REBUILD");
  });
  test("a resize, while the guest runs with the new Flavor and has no address yet", () => {
    const phaseTransitionTimestamps = [{ phase: "Running", phaseTransitionTimestamp: "2026-11-23T10:08:19Z" }];
    const fresh = { ...up, status: { phase: "Running", phaseTransitionTimestamps } };
    const resized = aServer(
      {},
      { ...launched, flavor: "large", resize: { from: "large", to: "small", startedAt: CREATED } },
    );
    expect(fields({ ...active, server: resized, instance: fresh }).state).toBe("RESIZE");
    expect(fields({ ...active, server: resized, instance: fresh, seconds: 520 }).state).toBe("ACTIVE");
  });
  test("but an ERROR is an ERROR, and keeps the time when it was first seen", () => {
    const failing = {
      ...active,
      machine,
      instance: anInstance("Running", { conditions: [{ type: "Paused", status: "True", reason: "PausedIOError" }] }),
    };
    const first = fields({ ...failing, server: aServer({ flavorRef: { name: "large" } }, launched) });
    expect(first).toMatchObject({ state: "ERROR", fault: { code: 500, at: "2026-11-23T10:08:20Z" } });
    expect(fields({ ...failing, server: aServer({}, { ...launched, ...first }), seconds: 900 }).fault).toEqual(
      first.fault,
    );
  });
});

describe("the end of a pass", () => {
  const end = (seen: Seen) => report(scope(seen));

  test("stopped as wanted is Ready", async () => {
    const stopped = {
      server: aServer({ power: "Stopped" }),
      machine: aMachine("Halted"),
      volume: aVolume("Succeeded"),
    };
    expect(await end(stopped)).toEqual(settled({ message: "SHUTOFF" }));
  });
  test("running as wanted is Ready, and says where", async () => {
    expect(await end({ machine: aMachine("Always"), volume: aVolume("Succeeded"), instance: up })).toEqual(
      settled({ message: "ACTIVE on node-1" }),
    );
  });
  test("an error of a step that others did not wait for is thrown when they are done", async () => {
    const seen = { machine: aMachine("Always"), volume: aVolume("Succeeded"), instance: up };
    const error = new Error("Barbican is away");
    await expect(end({ ...seen, more: { failed: { error } } })).rejects.toThrow(error);
  });
  test("running where it is to be paused is not", async () => {
    const seen = {
      server: aServer({ power: "Paused" }),
      machine: aMachine("Always"),
      volume: aVolume("Succeeded"),
      instance: up,
    };
    expect(await end(seen)).toMatchObject({ kind: "waiting", for: "VirtualMachine web-1 to be paused" });
  });
  test("a reboot that goes on says what keeps the next guest from coming, if anything does", async () => {
    const reboot = { requestedAt: CREATED, type: "Soft", instance: "uid-former" } as const;
    const seen = {
      server: aServer({}, { launchedAt: CREATED, flavor: "small", reboot }),
      machine: aMachine("Always"),
      volume: aVolume("Succeeded"),
      seconds: 60,
    };
    expect(await end(seen)).toMatchObject({ kind: "waiting", for: "the guest to reboot" });
    const because = (condition: { readonly type: string; readonly reason: string; readonly message: string }) =>
      end({ ...seen, instance: anInstance("Scheduling", { conditions: [{ status: "False", ...condition }] }) });
    expect(await because({ type: "PodScheduled", reason: "Unschedulable", message: "0/1 nodes" })).toMatchObject({
      for: "a node that takes the guest: 0/1 nodes",
    });
    expect(await because({ type: "Synchronized", reason: "FailedCreate", message: "over quota" })).toMatchObject({
      reason: "Fault",
    });
  });
});

describe("a guest on a node that is lost", () => {
  const lost = { name: "node-1", since: "2026-11-23T10:05:00Z", outOfService: false };
  const told: string[] = [];
  const seen = (server: Server, more: Partial<ServerScope> = {}): ServerScope => {
    const on = scope({ server, machine: aMachine("Always"), volume: aVolume("Succeeded"), instance: up });
    const context = { ...on.context, event: (_: string, reason: string) => void told.push(reason) };
    return { ...on, context, lost, ...more } as ServerScope;
  };
  const launched = aServer({}, { launchedAt: CREATED, state: "ACTIVE" });

  test("is told by the node's name and address as they were, and by what to do", async () => {
    expect(serverStatus(seen(launched)).fields).toMatchObject({ state: "UNKNOWN", node: "node-1", addresses: [{}] });
    const outcome = await report(seen(launched));
    expect(outcome).toMatchObject({ kind: "waiting", reason: "NodeLost" });
    expect(outcome).toMatchObject({ for: expect.stringMatching(/^node node-1, .*started nowhere else/) as string });
  });
  test("is told so whatever else is in the way, and by one event", async () => {
    const held = waiting("Flavor large");
    const error = new Error("Barbican is away");
    expect(await report(seen(launched, { held, failed: { error } }))).toMatchObject({ reason: "NodeLost" });
    told.length = 0;
    await report(seen(aServer({}, { launchedAt: CREATED, state: "UNKNOWN" })));
    expect(told).toEqual([]);
    await report(seen(launched));
    expect(told).toEqual(["NodeLost"]);
  });
  test("is not said to be rebooting or resizing: nothing of that happens", () => {
    const reboot = { requestedAt: CREATED, type: "Hard", instance: "uid-web-1" } as const;
    const server = aServer({ flavorRef: { name: "large" } }, { ...launched.status, flavor: "small", reboot });
    expect(serverStatus(seen(server, { flavor: aFlavor("large") })).fields).toMatchObject({ state: "UNKNOWN", reboot });
  });
});

describe("a Server that was refused more than its Project's quota has", () => {
  const overQuota = "cores (8 wanted, 2 of 4 taken)";
  const machine = aMachine("Always");
  /** The Server as its neighbours see it when the pass has said this. */
  const told = (said: Outcome, conditions: readonly NewCondition[]): Server =>
    aServer(
      {},
      {
        conditions: mergeConditions([], [...standardConditions(aServer(), said), ...conditions], 1, new Date(CREATED)),
      },
    );
  const held = waiting(`quota of Project team-a: ${overQuota}`, { reason: "QuotaExceeded" });
  const refused = (more: Partial<ServerScope>): ServerScope =>
    scope({ machine, volume: aVolume("Failed"), more: { held, overQuota, ...more } });

  test.each([
    ["is in ERROR", "Fault", {}],
    ["is on a node that is lost", "NodeLost", { lost: { name: "node-1", since: CREATED, outOfService: false } }],
  ] as const)("is still counted as refused while it %s", async (_what, reason, more) => {
    const seen = refused(more);
    const said = await report(seen);
    expect(said).toMatchObject({ kind: "waiting", reason });
    const { conditions = [] } = serverStatus(seen);
    expect(conditions).toMatchObject([
      { type: "WithinQuota", status: "False", message: expect.stringContaining(overQuota) },
    ]);
    expect(isOverQuota(told(said, conditions))).toBe(true);
    // The control: Ready alone does not say it.
    expect(isOverQuota(told(said, []))).toBe(false);
    expect(waitsForQuota(told(said, conditions))).toEqual(["team-a"]);
  });

  test("has no such condition once it fits", () => {
    expect(serverStatus(scope({ machine, volume: aVolume("Succeeded") })).conditions).toEqual([]);
  });
});
