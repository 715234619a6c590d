import { describe, expect, test } from "vitest";
import type { RemoteConsoleStatus } from "#operator/api/generated/remoteconsole.ts";
import { decide, MOST_OPEN_URLS, type World } from "./decide.ts";
import { project, remoteConsole, server } from "./fixtures.ts";

const NOW = new Date("2026-11-26T10:00:00Z");
const DELETED = { deletionTimestamp: "2026-11-26T09:59:00Z" };
const world = (more: Partial<World> = {}): World => ({
  ...{ project: project(), server: server(), openUrls: 0, hasProxy: true, now: NOW },
  ...more,
});
const given: RemoteConsoleStatus = {
  phase: "Issued",
  serverUID: "server-uid",
  tokenHash: "ab",
  expiresAt: "2026-11-26T10:00:01Z",
};

describe("one that has no URL", () => {
  test("is given one for the Server that is there", () => {
    expect(decide(remoteConsole(), world())).toEqual({ kind: "issue", serverUID: "server-uid" });
    expect(decide(remoteConsole(), world({ server: server("Paused") })).kind).toBe("issue");
  });

  test.each([
    ["no Project has the namespace", { project: undefined }, "a Project that has the namespace"],
    ["the Project is disabled", { project: project(false) }, "Project team-a to be enabled"],
    ["there is no Server", { server: undefined }, "Server web-1"],
    ["the Server is being deleted", { server: server("Running", DELETED) }, "Server web-1"],
    ["the Server is stopped", { server: server("Shutdown") }, "Server web-1 to run"],
    ["the Server was not looked at", { server: server("NoState") }, "Server web-1 to run"],
    [
      "there is no console proxy",
      { hasProxy: false },
      "a console proxy: an administrator can install it (console.enabled of the chart)",
    ],
  ] as const)("waits where %s", (_what, more, awaited) => {
    expect(decide(remoteConsole(), world(more))).toMatchObject({ kind: "wait", for: awaited });
  });

  test("waits where the namespace has as many as one core Secret may hold, and looks again", () => {
    const full = decide(remoteConsole(), world({ openUrls: MOST_OPEN_URLS }));
    expect(full).toMatchObject({ kind: "wait", reason: "TooManyOpen", pollAfterMs: expect.any(Number) });
    expect(decide(remoteConsole(), world({ openUrls: MOST_OPEN_URLS - 1 })).kind).toBe("issue");
  });

  test("is for the Server that it saw first: it ends with it, and is never for another", () => {
    const stopped = decide(remoteConsole(), world({ server: server("Shutdown") }));
    expect(stopped).toMatchObject({ kind: "wait", serverUID: "server-uid" });
    expect(decide(remoteConsole(), world({ server: undefined }))).not.toHaveProperty("serverUID");
    const seen = remoteConsole({ phase: "Pending", serverUID: "server-uid" });
    expect(decide(seen, world()).kind).toBe("issue");
    for (const [now, why] of [
      [undefined, /gone/],
      [server("Running", DELETED), /gone/],
      [server("Running", { uid: "another" }), /another than it was made for/],
    ] as const)
      expect(decide(seen, world({ server: now }))).toMatchObject({ phase: "Ended", why: expect.stringMatching(why) });
  });
});

describe("one that has a URL", () => {
  test("keeps it until its time", () => {
    const expiresAt = new Date(given.expiresAt ?? "");
    expect(decide(remoteConsole(given), world())).toEqual({ kind: "issued", expiresAt });
    // A guest that is only stopped is started with the same console.
    expect(decide(remoteConsole(given), world({ server: server("Shutdown") })).kind).toBe("issued");
  });

  test("expires where nobody connected", () => {
    const late = { now: new Date("2026-11-26T10:00:01Z") };
    expect(decide(remoteConsole(given), world(late))).toMatchObject({ kind: "over", phase: "Expired" });
  });

  test("is used, and does not expire then", () => {
    const used = remoteConsole({ ...given, usedAt: "2026-11-26T09:59:59Z" });
    const late = { now: new Date("2026-11-26T12:00:00Z") };
    expect(decide(used, world(late))).toEqual({ kind: "used", usedAt: "2026-11-26T09:59:59Z" });
  });

  test.each([
    ["the Server is gone", { server: undefined }, /gone/],
    ["the Server is going", { server: server("Running", DELETED) }, /gone/],
    ["another Server has the name", { server: server("Running", { uid: "another" }) }, /another than it was made for/],
    ["the Project is disabled", { project: project(false) }, /disabled/],
    ["the Project is gone", { project: undefined }, /disabled/],
  ] as const)("ends where %s, used or not", (_what, more, why) => {
    for (const usedAt of [{}, { usedAt: "2026-11-26T09:59:59Z" }]) {
      const decision = decide(remoteConsole({ ...given, ...usedAt }), world(more));
      expect(decision).toMatchObject({ kind: "over", phase: "Ended", why: expect.stringMatching(why) });
    }
  });
});

test.each(["Expired", "Ended"] as const)("one that is %s stays so, and says why as it did", (phase) => {
  const conditions = [
    {
      type: "Ready",
      status: "False",
      reason: "UnrecoverableError",
      message: "as it was said",
      lastTransitionTime: "2026-11-26T09:00:00Z",
    },
  ] as const;
  const over = remoteConsole({ ...given, phase, conditions });
  expect(decide(over, world())).toEqual({ kind: "over", phase, why: "as it was said" });
});

test.each([
  ["Expired", {}, /^nobody connected in 10m/],
  ["Ended", { server: undefined }, /^Server web-1 is gone/],
  ["Ended", {}, /^its Server or its Project was not as it must be/],
] as const)(
  "one that is %s, and whose passes failed since, says why, and not what was said before",
  (phase, more, why) => {
    const before = { lastTransitionTime: "2026-11-26T09:00:00Z", type: "Ready" } as const;
    for (const ready of [
      { ...before, status: "True", reason: "Success", message: "The URL is in core Secret nephele-consoles, key look" },
      { ...before, status: "False", reason: "TransientError", message: "409 Conflict" },
    ] as const) {
      const over = remoteConsole({ ...given, phase, conditions: [ready] });
      expect(decide(over, world(more))).toMatchObject({ kind: "over", phase, why: expect.stringMatching(why) });
    }
  },
);
