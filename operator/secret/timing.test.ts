import { describe, expect, test } from "vitest";
import { COMPARE_AT } from "#operator/api/marks.ts";
import { DeepChecks } from "./deep-checks.ts";
import { DEEP_CHECK_MS, POLL_MS } from "./periods.ts";
import { nextLook } from "./steps/conclude.ts";

const now = new Date("2026-11-23T12:00:00Z");
const later = (ms: number): Date => new Date(now.getTime() + ms);

describe("the next look", () => {
  const plan = { replace: [], remove: [] };
  const context = { now } as Parameters<typeof nextLook>[0]["context"];

  test("is after the poll period", () => {
    expect(nextLook({ context, plan, versions: [] })).toBe(POLL_MS);
  });

  test("is at the rotation where that is nearer", () => {
    expect(nextLook({ context, plan: { ...plan, nextRotation: later(7_000) }, versions: [] })).toBe(7_000);
  });

  test("is at the expiry where that is nearer", () => {
    const current = {
      version: 1,
      parts: { secret: "a" },
      createdAt: now,
      expiresAt: later(9_000),
      state: "ready",
    } as const;
    expect(nextLook({ context, plan, versions: [current] })).toBe(9_000);
  });
});

describe("deep checks", () => {
  const uids = Array.from({ length: 1000 }, (_, at) => `uid-${at}`);

  test("are spread over the period after a start", () => {
    const checks = new DeepChecks(now);
    const due = (ms: number): number => uids.filter((uid) => checks.isDue({ uid }, later(ms))).length;
    expect(due(0)).toBe(0);
    expect(due(DEEP_CHECK_MS / 2)).toBeGreaterThan(400);
    expect(due(DEEP_CHECK_MS / 2)).toBeLessThan(600);
    expect(due(DEEP_CHECK_MS)).toBe(1000);
  });

  test("are due again a period after the last", () => {
    const checks = new DeepChecks(now);
    checks.done({ uid: "uid" }, later(1_000));
    expect(checks.isDue({ uid: "uid" }, later(DEEP_CHECK_MS))).toBe(false);
    expect(checks.isDue({ uid: "uid" }, later(DEEP_CHECK_MS + 1_000))).toBe(true);
  });

  test("are due at once when the annotation that asks for one has a new value", () => {
    const checks = new DeepChecks(now);
    const asked = (value: string) => ({ uid: "uid", annotations: { [COMPARE_AT]: value } });
    checks.seen(asked("before the start"));
    expect(checks.isDue(asked("before the start"), now)).toBe(false);
    expect(checks.isDue(asked("now"), now)).toBe(true);
    checks.done(asked("now"), now);
    expect(checks.isDue(asked("now"), now)).toBe(false);
  });
});
