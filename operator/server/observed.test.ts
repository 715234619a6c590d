import { describe, expect, test } from "vitest";
import { anInstance, CREATED } from "./fixtures.ts";
import { isUp } from "./observed.ts";
import { at } from "./testing/state-row.ts";

const running = { interfaces: [{ ipAddress: "10.244.0.12", name: "default" }] };

describe("a guest is up", () => {
  const since = [{ phase: "Running", phaseTransitionTimestamp: at(59).toISOString() }];
  test.each([
    ["when it runs and has its address", anInstance("Running", running), true],
    ["not in its first moments without one", anInstance("Running", { phaseTransitionTimestamps: since }), false],
    ["not while it starts", anInstance("Scheduled", running), false],
    ["not when it is being ended", anInstance("Running", running, { deletionTimestamp: CREATED }), false],
    ["not when there is none", undefined, false],
  ])("%s", (_, instance, up) => {
    expect(isUp(instance, at(60))).toBe(up);
  });
});
