import { describe, expect, test } from "vitest";
import { canUpgrade, knownReleases } from "../releases.ts";
import { decideRelease, type ReleaseDecision, type SchemaSpan } from "./release.ts";
import { type Phase, phaseAtEnd, phaseAtStart } from "./release-phase.ts";

const only = (release: string): SchemaSpan => ({ oldest: release, newest: release });
const both = (oldest: string, newest: string): SchemaSpan => ({ oldest, newest });

describe("a release", () => {
  test.each<[string, string, SchemaSpan | undefined, ReleaseDecision]>([
    ["the first is deployed", "2025.1", undefined, { kind: "deploy" }],
    ["that is there is kept", "2026.1", only("2026.1"), { kind: "keep" }],
    ["the next is upgraded to", "2026.2", only("2026.1"), { kind: "upgrade", from: "2026.1" }],
    ["the next .1 is upgraded to from a .1", "2026.1", only("2025.1"), { kind: "upgrade", from: "2025.1" }],
    ["an upgrade that was begun goes on", "2026.1", both("2025.1", "2026.1"), { kind: "upgrade", from: "2025.1" }],
    [
      "until it is contracted it is rolled back",
      "2025.1",
      both("2025.1", "2026.1"),
      { kind: "rollBack", from: "2026.1" },
    ],
  ])("%s", (_says, wanted, span, decision) => {
    expect(decideRelease({ wanted, span })).toEqual(decision);
  });

  test.each<[string, string, SchemaSpan | undefined, RegExp]>([
    ["that nobody knows", "2031.1", undefined, /2031.1 is not known: use one of 2025.1, 2026.1, 2026.2/],
    ["that nobody knows, over one that runs", "2031.1", only("2026.1"), /not known/],
    [
      "that another must precede",
      "2026.2",
      only("2025.1"),
      /no upgrade from 2025.1 to 2026.2: set it back to 2025.1, or to 2026.1 first/,
    ],
    ["older than the schemas", "2025.1", only("2026.1"), /2026.1's and 2025.1 cannot.*back to 2026.1, or to 2026.2/],
    ["older than the newest schemas", "2026.1", only("2026.2"), /2026.2's and 2026.1 cannot.*: set it back to 2026.2$/],
    [
      "beyond an upgrade that is not ended",
      "2026.2",
      both("2025.1", "2026.1"),
      /from 2025.1 to 2026.1 is not ended: set it to 2026.1, or back to 2025.1/,
    ],
    ["before an upgrade that is not ended", "2025.1", both("2026.1", "2026.2"), /from 2026.1 to 2026.2 is not ended/],
  ])("%s is refused, and the message says what can be", (_says, wanted, span, problem) => {
    expect(decideRelease({ wanted, span })).toEqual({ kind: "refuse", problem: expect.stringMatching(problem) });
  });

  test("an upgrade is followed by another only when it has ended, from every release that is known", () => {
    for (const oldest of knownReleases)
      for (const newest of knownReleases.filter((each) => canUpgrade(oldest, each)))
        for (const wanted of knownReleases)
          expect([wanted, decideRelease({ wanted, span: both(oldest, newest) }).kind]).toEqual([
            wanted,
            wanted === newest ? "upgrade" : wanted === oldest ? "rollBack" : "refuse",
          ]);
  });
});

describe("the phase", () => {
  const upgrade = { kind: "upgrade", from: "2025.1" } as const;
  const rollBack = { kind: "rollBack", from: "2026.1" } as const;
  test.each<[string, Phase, Phase]>([
    ["of the first", phaseAtStart({ kind: "deploy" }, "2026.1", undefined), "Deploying"],
    [
      "of one that was deployed, whose status is gone",
      phaseAtStart({ kind: "keep" }, "2026.1", undefined),
      "Deploying",
    ],
    [
      "of an upgrade that begins",
      phaseAtStart(upgrade, "2026.1", { deployed: "2025.1", target: "2025.1", phase: "Settled" }),
      "Expanding",
    ],
    [
      "of an upgrade that goes on",
      phaseAtStart(upgrade, "2026.1", { deployed: "2025.1", target: "2026.1", phase: "Rolling" }),
      "Rolling",
    ],
    [
      "of one that is rolled back while it rolls",
      phaseAtStart(rollBack, "2025.1", { deployed: "2025.1", target: "2026.1", phase: "Rolling" }),
      "RollingBack",
    ],
    [
      "of one that was rolled back",
      phaseAtStart(rollBack, "2025.1", { deployed: "2025.1", target: "2025.1", phase: "Settled" }),
      "Settled",
    ],
    [
      "of a contraction that goes on",
      phaseAtStart({ kind: "keep" }, "2026.1", { deployed: "2026.1", target: "2026.1", phase: "Contracting" }),
      "Contracting",
    ],
    ["at the end of an upgrade", phaseAtEnd(upgrade, "Automatic"), "Contracting"],
    ["at the end of an upgrade that is to wait", phaseAtEnd(upgrade, "Manual"), "Soaking"],
    ["at the end of a way back", phaseAtEnd(rollBack, "Automatic"), "Settled"],
    ["at the end of a contraction", phaseAtEnd({ kind: "keep" }, "Automatic"), "Settled"],
  ])("%s", (_says, phase, expected) => {
    expect(phase).toBe(expected);
  });
});

describe("OpenStack", () => {
  test.each<[string, string, boolean]>([
    ["2025.1", "2025.2", true],
    ["2025.2", "2026.1", true],
    ["2025.1", "2026.1", true],
    ["2025.2", "2026.2", false],
    ["2025.1", "2026.2", false],
    ["2025.1", "2027.1", false],
    ["2026.1", "2025.1", false],
    ["2026.1", "2025.2", false],
    ["2026.1", "2026.1", false],
  ])("from %s to %s: %s", (from, to, supported) => {
    expect(canUpgrade(from, to)).toBe(supported);
  });
});
