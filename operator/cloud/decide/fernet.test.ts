import { describe, expect, test } from "vitest";
import { decideFernet, type FernetFacts } from "./fernet.ts";
import { fernetKey } from "./key-table.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const later = (ms: number): Date => new Date(start + ms);
const keys = { "0": fernetKey(), "1": fernetKey() };

const facts = (over: Partial<FernetFacts>): FernetFacts => ({
  keys,
  usedSince: { "1": "2026-11-25T10:00:00Z" },
  now: later(HOUR),
  everyMs: 24 * HOUR,
  requestedAt: undefined,
  answeredRequest: undefined,
  tokenLifetimeMs: HOUR,
  replicasUp: true,
  ...over,
});

describe("Fernet keys", () => {
  test("are kept until the period is over", () => {
    expect(decideFernet(facts({}))).toEqual({ kind: "keep", nextAt: later(24 * HOUR) });
  });

  test("rotate then: the next key is used, and the former still decrypts", () => {
    const decision = decideFernet(facts({ now: later(24 * HOUR) }));
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
    expect(decideFernet(facts({ requestedAt: request })).kind).toBe("rotate");
    expect(decideFernet(facts({ requestedAt: request, answeredRequest: request })).kind).toBe("keep");
  });

  test("do not rotate before every replica can have read the present ones", () => {
    const now = later(60_000);
    expect(decideFernet(facts({ now, requestedAt: now.toISOString() }))).toEqual({
      kind: "refuse",
      because: "the present keys are not in every replica yet",
      nextAt: later(180_000),
    });
  });

  test("do not rotate while a replica is away", () => {
    expect(decideFernet(facts({ now: later(24 * HOUR), replicasUp: false }))).toMatchObject({ kind: "refuse" });
  });

  test("are dropped when the last token of theirs has ended, and not before", () => {
    let current = facts({ tokenLifetimeMs: HOUR });
    const sizes: number[] = [];
    for (let day = 1; day <= 8; day++) {
      const decision = decideFernet({ ...current, now: later(day * 24 * HOUR) });
      if (decision.kind !== "rotate") throw new Error("must rotate");
      sizes.push(Object.keys(decision.keys).length);
      const encryptedYesterday = current.keys[String(day)];
      expect(Object.values(decision.keys)).toContain(encryptedYesterday);
      current = { ...current, keys: decision.keys, usedSince: decision.usedSince };
    }
    // (token 1 h + window 48 h) / 24 h + 2, rounded up: Keystone's rule for max_active_keys.
    expect(sizes).toEqual([3, 4, 5, 5, 5, 5, 5, 5]);
  });

  test("become never more than a Secret should hold", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [String(at), fernetKey()]));
    const usedSince = Object.fromEntries(Object.keys(many).map((name) => [name, "2026-11-25T10:00:00Z"]));
    expect(decideFernet(facts({ keys: many, usedSince, now: later(24 * HOUR) }))).toMatchObject({ kind: "refuse" });
  });
});
