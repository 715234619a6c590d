import { describe, expect, test } from "vitest";
import { mergeConditions, type NewCondition } from "./conditions.ts";

const before = new Date("2026-11-23T10:00:00Z");
const now = new Date("2026-11-23T10:00:10Z");
const failed = (message: string): NewCondition => ({
  type: "Ready",
  status: "False",
  reason: "TransientError",
  message,
});
const request = (digit: string): string =>
  `req-${digit.repeat(8)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(4)}-${digit.repeat(12)}`;

describe("conditions that are written again", () => {
  const written = mergeConditions(undefined, [failed(`keystone: no answer (${request("a")})`)], 1, before);

  test("are the same where a failure differs in its request's id alone, so that a failing pass wakes nobody", () => {
    expect(mergeConditions(written, [failed(`keystone: no answer (${request("b")})`)], 1, now)).toEqual(written);
  });

  test("are others where it says something else", () => {
    const next = mergeConditions(written, [failed(`barbican: no answer (${request("a")})`)], 1, now);
    expect(next).toMatchObject([
      { message: `barbican: no answer (${request("a")})`, lastTransitionTime: "2026-11-23T10:00:00Z" },
    ]);
  });

  test("speak of the generation that was looked at; one that is kept, of the one that it was found out for", () => {
    const [kept] = written;
    if (kept === undefined) throw new Error("there is no condition to keep");
    const fresh = { ...failed("anew"), type: "MembersReady" };
    const next = mergeConditions(written, [kept, fresh], 2, now);
    expect(next.map(({ observedGeneration }) => observedGeneration)).toEqual([1, 2]);
  });
});
