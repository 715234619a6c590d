import { describe, expect, test } from "vitest";
import { mayTokensBeOut } from "./fernet.ts";
import { fernetKey } from "./key-table.ts";
import { decideRotation, type RotationFacts } from "./rotation.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const later = (ms: number): Date => new Date(start + ms);
const keys = { "0": fernetKey(), "1": fernetKey() };

const facts = (over: Partial<RotationFacts>): RotationFacts => ({
  keys,
  usedSince: { "1": "2026-11-25T10:00:00Z" },
  now: later(HOUR),
  everyMs: 24 * HOUR,
  requestedAt: undefined,
  answeredRequest: undefined,
  needed: () => false,
  readersUp: true,
  make: fernetKey,
  most: 200,
  ...over,
});

describe("keys", () => {
  test("are kept until the period is over", () => {
    expect(decideRotation(facts({}))).toEqual({ kind: "keep", nextAt: later(24 * HOUR) });
  });

  test("rotate then: the next key is used, and the former still decrypts", () => {
    const decision = decideRotation(facts({ now: later(24 * HOUR) }));
    expect(decision).toMatchObject({
      kind: "rotate",
      keys: { "1": keys["1"], "2": keys["0"] },
      usedSince: { "1": "2026-11-25T10:00:00Z", "2": "2026-11-26T10:00:00Z" },
      nextAt: later(48 * HOUR),
    });
    expect(decision.kind === "rotate" && [keys["0"], keys["1"]].includes(decision.keys["0"] ?? "")).toBe(false);
  });

  test("rotate once for a request", () => {
    const request = "2026-11-25T10:59:00Z";
    expect(decideRotation(facts({ requestedAt: request }))).toMatchObject({ kind: "rotate", answered: request });
    expect(decideRotation(facts({ requestedAt: request, answeredRequest: request })).kind).toBe("keep");
  });

  test("do not rotate before every replica can have read the present ones", () => {
    const now = later(60_000);
    expect(decideRotation(facts({ now, requestedAt: now.toISOString() }))).toEqual({
      kind: "refuse",
      because: "the present keys are not in every replica yet",
      nextAt: later(180_000),
    });
  });

  test("do not rotate while a replica is away", () => {
    expect(decideRotation(facts({ now: later(24 * HOUR), readersUp: false }))).toMatchObject({ kind: "refuse" });
  });

  test("do not rotate while somebody who takes what they make does not know the next, and say so", () => {
    expect(decideRotation(facts({ now: later(24 * HOUR), unknown: "the edge does not have it" }))).toEqual({
      ...{ kind: "refuse", because: "the edge does not have it" },
      nextAt: later(24 * HOUR + 180_000),
    });
  });

  test("of before there was a next key get one, and nothing else changes", () => {
    const request = "2026-11-25T10:59:00Z";
    const decision = decideRotation(facts({ keys: { "1": keys["1"] }, requestedAt: request }));
    expect(decision).toMatchObject({ kind: "rotate", keys: { "1": keys["1"] }, answered: undefined });
    expect(decision.kind === "rotate" && Object.keys(decision.keys)).toEqual(["0", "1"]);
  });

  test("become never more than a Secret should hold", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [String(at), fernetKey()]));
    const usedSince = { "199": "2026-11-25T10:00:00Z" };
    const now = later(30 * HOUR);
    expect(decideRotation(facts({ keys: many, usedSince, needed: () => true, now }))).toMatchObject({
      kind: "refuse",
      // Not at once again, though it is overdue.
      nextAt: new Date(now.getTime() + 600_000),
    });
  });
});

describe("Fernet keys", () => {
  test("are dropped when the last token of theirs has ended, and not before", () => {
    let current = facts({});
    const sizes: number[] = [];
    for (let day = 1; day <= 8; day++) {
      const now = later(day * 24 * HOUR);
      const needed = (number: number): boolean =>
        mayTokensBeOut(number, { usedSince: current.usedSince, now, tokenLifetimeMs: HOUR });
      const decision = decideRotation({ ...current, now, needed });
      if (decision.kind !== "rotate") throw new Error("must rotate");
      sizes.push(Object.keys(decision.keys).length);
      const encryptedYesterday = current.keys[String(day)];
      expect(Object.values(decision.keys)).toContain(encryptedYesterday);
      current = { ...current, keys: decision.keys, usedSince: decision.usedSince };
    }
    // (token 1 h + window 48 h) / 24 h + 2, rounded up: Keystone's rule for max_active_keys.
    expect(sizes).toEqual([3, 4, 5, 5, 5, 5, 5, 5]);
  });
});

describe("keys by which something is stored", () => {
  const rotated = {
    keys: { ...keys, "2": fernetKey() },
    usedSince: { "1": "2026-11-25T10:00:00Z", "2": "2026-11-25T11:00:00Z" },
  };

  test("are followed by what is stored, once every replica can have read them", () => {
    expect(decideRotation(facts({ ...rotated, rewrapped: 1, now: later(HOUR + 60_000) }))).toEqual({
      kind: "refuse",
      because: "the present keys are not in every replica yet",
      nextAt: later(HOUR + 180_000),
    });
    expect(decideRotation(facts({ ...rotated, rewrapped: 1, now: later(HOUR + 180_000) }))).toEqual({
      kind: "rewrap",
      number: 2,
      nextAt: later(25 * HOUR),
    });
  });

  test("do not rotate before that, whoever asks for it", () => {
    const now = later(48 * HOUR);
    expect(decideRotation(facts({ ...rotated, rewrapped: 1, now, requestedAt: now.toISOString() })).kind).toBe(
      "rewrap",
    );
    expect(decideRotation(facts({ ...rotated, rewrapped: 2, now, requestedAt: now.toISOString() })).kind).toBe(
      "rotate",
    );
  });

  test("are not followed while a replica is away, which could write by a former key", () => {
    expect(decideRotation(facts({ ...rotated, rewrapped: 1, now: later(48 * HOUR), readersUp: false })).kind).toBe(
      "refuse",
    );
  });

  test("go with the rotation after the one that replaced them", () => {
    const needed = (number: number): boolean => number >= 2;
    const decision = decideRotation(facts({ ...rotated, rewrapped: 2, needed, now: later(48 * HOUR) }));
    expect(decision.kind === "rotate" && Object.keys(decision.keys)).toEqual(["0", "2", "3"]);
  });
});
