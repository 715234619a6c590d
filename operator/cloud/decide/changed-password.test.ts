import { describe, expect, test } from "vitest";
import { decidePassword, type PasswordDecision, type PasswordFacts } from "./changed-password.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const start = Date.parse("2026-11-25T10:00:00Z");
const later = (ms: number): Date => new Date(start + ms);
const facts = (over: Partial<PasswordFacts>): PasswordFacts => ({
  since: later(0),
  now: later(HOUR),
  everyMs: 24 * HOUR,
  requestedAt: undefined,
  answeredRequest: undefined,
  next: undefined,
  knownAfterMs: MINUTE,
  ...over,
});

describe("a password", () => {
  const request = "2026-11-25T10:59:00Z";
  test.each<[string, Partial<PasswordFacts>, PasswordDecision]>([
    ["is kept until its period is over", {}, { kind: "keep", nextAt: later(24 * HOUR) }],
    [
      "is followed by another then, which is told before it counts",
      { now: later(24 * HOUR) },
      { kind: "announce", nextAt: later(24 * HOUR + MINUTE) },
    ],
    [
      "is followed by another for a request",
      { requestedAt: request },
      { kind: "announce", nextAt: later(HOUR + MINUTE) },
    ],
    [
      "is followed once for a request",
      { requestedAt: request, answeredRequest: request },
      { kind: "keep", nextAt: later(24 * HOUR) },
    ],
    [
      "is not changed while somebody may not have read the next one",
      { next: { announcedAt: later(HOUR - MINUTE + 1) } },
      { kind: "wait", nextAt: later(HOUR + 1) },
    ],
    [
      "is changed when all have",
      { next: { announcedAt: later(HOUR - MINUTE) } },
      { kind: "change", nextAt: later(25 * HOUR) },
    ],
    [
      "of which nobody knows since when the next is there is not changed at once",
      { next: { announcedAt: undefined } },
      { kind: "announce", nextAt: later(HOUR + MINUTE) },
    ],
    [
      "whose change was cut off is changed, whatever is requested meanwhile",
      { next: { announcedAt: later(0) }, requestedAt: request },
      { kind: "change", nextAt: later(25 * HOUR) },
    ],
  ])("%s", (_says, given, decision) => {
    expect(decidePassword(facts(given))).toEqual(decision);
  });
});
