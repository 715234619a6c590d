import { describe, expect, test } from "vitest";
import type { Server, ServerStatusReboot } from "#operator/api/generated/server.ts";
import { aServer } from "./fixtures.ts";
import { nextReboot } from "./reboot.ts";

const ASKED = "2026-11-23T10:00:00Z";
const NOW = new Date("2026-11-23T10:00:30Z");
const soft = { requestedAt: ASKED, type: "Soft", hardAfter: "60s" } as const;
const recorded: ServerStatusReboot = {
  requestedAt: ASKED,
  type: "Soft",
  startedAt: "2026-11-23T10:00:10Z",
  instance: "one",
};

function stage(
  reboot: Server["spec"]["reboot"],
  before: ServerStatusReboot | undefined,
  instance: string | undefined,
  up = true,
  power: "Running" | "Stopped" = "Running",
) {
  const server = aServer(
    { power, ...(reboot === undefined ? {} : { reboot }) },
    { state: "ACTIVE", ...(before === undefined ? {} : { reboot: before }) },
  );
  return nextReboot({ server, instance, up, stopped: power === "Stopped", now: NOW });
}

describe("nextReboot", () => {
  test("nothing asked, nothing done", () => {
    expect(stage(undefined, undefined, "one")).toEqual({ action: { kind: "none" } });
  });

  test("a new request is written down with the instance that is to end, and nothing else is done in that pass", () => {
    expect(stage(soft, undefined, "one")).toEqual({
      reboot: { requestedAt: ASKED, type: "Soft", startedAt: "2026-11-23T10:00:30Z", instance: "one" },
      action: { kind: "record" },
    });
  });

  test("a Server that does not run is rebooted by nothing: the request is done with", () => {
    expect(stage(soft, undefined, undefined).reboot).toMatchObject({ doneAt: "2026-11-23T10:00:30Z" });
    expect(stage(soft, undefined, undefined).action.kind).toBe("none");
  });

  test("one in the manifest of a Server of which nothing was ever said is done with: its guest was started since", () => {
    const server = aServer({ reboot: soft });
    const { reboot, action } = nextReboot({ server, instance: "one", up: true, stopped: false, now: NOW });
    expect([reboot?.doneAt, action.kind]).toEqual(["2026-11-23T10:00:30Z", "none"]);
  });

  test("after it was written down, the guest is asked; again after a crash, which asks the same instance", () => {
    expect(stage(soft, recorded, "one").action).toEqual({ kind: "ask", instance: "one" });
  });

  test("after hardAfter the power is cut", () => {
    expect(stage({ ...soft, hardAfter: "20s" }, recorded, "one").action).toEqual({ kind: "cut", instance: "one" });
  });

  test("Hard cuts the power at once", () => {
    expect(stage({ ...soft, type: "Hard" }, { ...recorded, type: "Hard" }, "one").action.kind).toBe("cut");
  });

  test("another instance that is up ends it, and touches nothing", () => {
    expect(stage(soft, recorded, "two")).toEqual({
      reboot: { ...recorded, doneAt: "2026-11-23T10:00:30Z" },
      action: { kind: "none" },
    });
  });

  test("another instance that is still starting does not end it", () => {
    expect(stage(soft, recorded, "two", false)).toEqual({ reboot: recorded, action: { kind: "none" } });
  });

  test("between two instances it goes on, unless the Server is to be off", () => {
    expect(stage(soft, recorded, undefined)).toEqual({ reboot: recorded, action: { kind: "none" } });
    expect(stage(soft, recorded, undefined, false, "Stopped").reboot?.doneAt).toBeDefined();
  });

  test("a request that is taken back ends what was begun, and changes nothing that is over", () => {
    expect(stage(undefined, recorded, "one")).toEqual({
      reboot: { ...recorded, doneAt: "2026-11-23T10:00:30Z" },
      action: { kind: "none" },
    });
    const done = { ...recorded, doneAt: ASKED };
    expect(stage(undefined, done, "two")).toEqual({ reboot: done, action: { kind: "none" } });
  });

  test("the same moment written otherwise is the same request", () => {
    const done = { ...recorded, doneAt: ASKED };
    expect(stage({ ...soft, requestedAt: "2026-11-23T11:00:00+01:00" }, done, "two").action.kind).toBe("none");
  });

  test("a later request counts anew", () => {
    const done = { ...recorded, doneAt: ASKED };
    expect(stage({ ...soft, requestedAt: "2026-11-23T10:00:20Z" }, done, "two").action.kind).toBe("record");
  });
});
