import { describe, expect, test } from "vitest";
import { graceMs, graceOver, type Objects, type Suspect, type Verdict, verdictOn } from "./decide.ts";

const REF = "https://barbican.example.org/v1/secrets/";
const mark = { installation: "local", object: "team-a/db", version: 2, retain: false };
const alive: Objects = new Map([
  ["team-a/db", { version: 2, versions: [{ version: 2, refs: { secret: `${REF}a` }, createdAt: "" }] }],
]);
const behind: Objects = new Map([
  ["team-a/db", { version: 1, versions: [{ version: 1, refs: { secret: `${REF}a` }, createdAt: "" }] }],
]);
const ahead: Objects = new Map([["team-a/db", { version: 5, versions: [] }]]);
const empty: Objects = new Map([["team-a/db", {}]]);

interface Case {
  readonly name: string;
  readonly suspect: Partial<Suspect>;
  readonly objects?: Objects;
  readonly verdict: Verdict;
}

const cases: readonly Case[] = [
  { name: "what is marked for an object that is no more is an orphan", suspect: { mark }, verdict: "orphan" },
  { name: "what is retained is left", suspect: { mark: { ...mark, retain: true } }, verdict: "leave" },
  {
    name: "what another installation marked is left",
    suspect: { mark: { ...mark, installation: "other" } },
    verdict: "leave",
  },
  {
    name: "what was never marked and has no payload was never finished",
    suspect: { mark: undefined, hasPayload: false },
    verdict: "orphan",
  },
  { name: "what was never marked but has a payload is left", suspect: { mark: undefined }, verdict: "leave" },
  {
    name: "a version newer than the status is about to be taken in",
    suspect: { mark },
    objects: behind,
    verdict: "wait",
  },
  {
    name: "a version of an object without status is about to be taken in",
    suspect: { mark },
    objects: empty,
    verdict: "wait",
  },
  {
    name: "a second one of a version that the status names is an orphan",
    suspect: { mark },
    objects: alive,
    verdict: "orphan",
  },
  { name: "a version that the object left behind is an orphan", suspect: { mark }, objects: ahead, verdict: "orphan" },
];

describe("the sweep's verdict", () => {
  test.each(cases)("$name", ({ suspect, objects = new Map(), verdict }) => {
    expect(verdictOn({ id: "x", mark, hasPayload: true, ...suspect }, "local", objects)).toBe(verdict);
  });
});

describe("the grace", () => {
  const now = new Date("2026-11-23T12:00:00Z");
  const ago = (minutes: number): Date => new Date(now.getTime() - minutes * 60_000);

  test("begins when an orphan is first seen", () => {
    expect(graceOver(["x"], new Map(), now, 600_000)).toEqual({ remove: [], since: new Map([["x", now]]) });
  });

  test("is over when it was seen as one for the whole time", () => {
    expect(
      graceOver(
        ["x", "y"],
        new Map([
          ["x", ago(10)],
          ["y", ago(9)],
        ]),
        now,
        600_000,
      ).remove,
    ).toEqual(["x"]);
  });

  test("begins anew for what was owned in between", () => {
    const { since } = graceOver([], new Map([["x", ago(9)]]), now, 600_000);
    expect(graceOver(["x"], since, now, 600_000).remove).toEqual([]);
  });

  const long = "2026-11-01T00:00:00Z";
  test.each([
    ["some minutes in a Cloud that never came back out of a backup", undefined, "2026-11-23T11:59:00Z", 600_000],
    ["without an end in one that just did", "2026-11-23T11:00:00Z", long, Number.POSITIVE_INFINITY],
    ["some minutes in one that did more than a day ago", "2026-11-22T11:59:59Z", long, 600_000],
    [
      "without an end for a Project that was just applied there",
      long,
      "2026-11-23T11:45:00Z",
      Number.POSITIVE_INFINITY,
    ],
    ["some minutes for a Project that was applied there more than a day ago", long, "2026-11-22T11:59:59Z", 600_000],
  ])("is %s", (_says, restoredAt, projectMadeAt, expected) => {
    expect(graceMs(restoredAt, projectMadeAt, now)).toBe(expected);
  });
});
