import { describe, expect, test } from "vitest";
import { decideLogin, type LoginDecision, type LoginFacts } from "./login.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const later = (ms: number): Date => new Date(start + ms);
const facts = (over: Partial<LoginFacts>): LoginFacts => ({
  since: later(0),
  now: later(HOUR),
  everyMs: 24 * HOUR,
  requestedAt: undefined,
  answeredRequest: undefined,
  formerThere: false,
  readersUp: true,
  ...over,
});

describe("a login", () => {
  const request = "2026-11-25T10:59:00Z";
  test.each<[string, Partial<LoginFacts>, LoginDecision["kind"]]>([
    ["is kept until its period is over", {}, "keep"],
    ["is followed by another then", { now: later(24 * HOUR) }, "add"],
    ["is followed by another for a request", { requestedAt: request }, "add"],
    ["is followed once for a request", { requestedAt: request, answeredRequest: request }, "keep"],
    ["is not followed while a pod is away", { now: later(24 * HOUR), readersUp: false }, "refuse"],
    ["stays good while a pod still uses it", { formerThere: true, readersUp: false }, "refuse"],
    ["goes when none does", { formerThere: true }, "retire"],
    ["goes before a third comes", { formerThere: true, now: later(48 * HOUR), requestedAt: request }, "retire"],
  ])("%s", (_says, given, kind) => {
    expect(decideLogin(facts(given)).kind).toBe(kind);
  });
});
