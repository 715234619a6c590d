import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type MakeReason, type Plan, plan, type Situation } from "./decide.ts";
import { currentOf, type Version, type VersionState } from "./version.ts";

const now = new Date("2026-11-23T12:00:00Z");
const HOUR = 3_600_000;

function hoursAgo(hours: number): Date {
  return new Date(now.getTime() - hours * HOUR);
}

function version(number: number, changes: Partial<Version> = {}): Version {
  return {
    version: number,
    parts: { secret: `s${number}` },
    createdAt: hoursAgo(10 - number),
    state: "ready",
    ...changes,
  };
}

function situation(changes: Partial<Situation> = {}): Situation {
  const versions = changes.versions ?? [];
  const highest = versions.reduce((most, { version: number }) => Math.max(most, number), 0);
  return { now, source: "generate", versions, highest, keep: 2, ...changes };
}

interface Case {
  readonly name: string;
  readonly given: Partial<Situation>;
  readonly make?: readonly [number, MakeReason];
  readonly rest?: Partial<Record<"complete" | "expired", number>>;
  readonly remove?: readonly number[];
  readonly replace?: readonly number[];
}

const cases: readonly Case[] = [
  { name: "with nothing there, the first version is made", given: {}, make: [1, "first"] },
  {
    name: "numbers go on where all versions are gone from status but one was used before",
    given: { highest: 4 },
    make: [5, "first"],
  },
  { name: "a version that can be read is left in peace", given: { versions: [version(1)] } },
  {
    name: "a version that was begun is completed, not made again",
    given: { versions: [version(1, { state: "empty" })] },
    rest: { complete: 1 },
  },
  {
    name: "a copy that was begun with content that changed since is replaced under its number",
    given: { source: "copy", contentSame: false, versions: [version(1, { state: "empty" })] },
    make: [1, "changed"],
    replace: [1],
  },
  {
    name: "a generated version that somebody deleted is followed by a new number",
    given: { versions: [version(3, { state: "gone" })] },
    make: [4, "gone"],
    remove: [3],
  },
  {
    name: "a copied version that somebody deleted is made again under its number",
    given: { source: "copy", contentSame: true, versions: [version(3, { state: "gone" })] },
    make: [3, "gone"],
    replace: [3],
  },
  {
    name: "a copied version that was deleted, and whose core Secret changed, gets a new number",
    given: { source: "copy", contentSame: false, versions: [version(3, { state: "gone" })] },
    make: [4, "gone"],
    remove: [3],
  },
  {
    name: "changed content is a new version and the one before stays",
    given: { source: "copy", contentSame: false, versions: [version(1)] },
    make: [2, "changed"],
  },
  {
    name: "a copy with the same content stays as it is",
    given: { source: "copy", contentSame: true, versions: [version(1)] },
  },
  {
    name: "a rotation that is due makes a version",
    given: { rotateEveryMs: 8 * HOUR, versions: [version(1)] },
    make: [2, "rotation"],
  },
  { name: "a rotation that is not due waits", given: { rotateEveryMs: 10 * HOUR, versions: [version(1)] } },
  {
    name: "a rotation drops what keep does not hold, the new version among the kept",
    given: { rotateEveryMs: HOUR, versions: [version(1), version(2), version(3)] },
    make: [4, "rotation"],
    remove: [2, 1],
  },
  {
    name: "keep 1 drops all but the new version",
    given: { rotateEveryMs: HOUR, keep: 1, versions: [version(1)] },
    make: [2, "rotation"],
    remove: [1],
  },
  {
    name: "a lowered keep drops old versions without a new one",
    given: { keep: 2, versions: [version(1), version(2), version(3), version(4)] },
    remove: [2, 1],
  },
  {
    name: "an asked-for rotation makes a version",
    given: { rotateRequestedAt: hoursAgo(1), versions: [version(1)] },
    make: [2, "requested"],
  },
  {
    name: "an asked-for rotation counts once",
    given: { rotateRequestedAt: hoursAgo(9), versions: [version(2)] },
  },
  {
    name: "a rotation asked for in the second of the last version is that version",
    given: { rotateRequestedAt: new Date(hoursAgo(8).getTime() + 999), versions: [version(2)] },
  },
  {
    name: "a rotation asked for in the future waits for its time",
    given: { rotateRequestedAt: hoursAgo(-1), versions: [version(1)] },
  },
  {
    name: "an expired version stays the current one and is told",
    given: { versions: [version(1, { state: "expired" })] },
    rest: { expired: 1 },
  },
  {
    name: "an expired version is followed by the rotation that is due",
    given: { rotateEveryMs: HOUR, versions: [version(1, { state: "expired" })] },
    make: [2, "rotation"],
    remove: [1],
  },
  {
    name: "an expired copy is followed by new content",
    given: { source: "copy", contentSame: false, versions: [version(1, { state: "expired" })] },
    make: [2, "changed"],
    remove: [1],
  },
  {
    name: "older versions that expired or are gone are cleared away and do not count as kept",
    given: { versions: [version(1), version(2, { state: "gone" }), version(3, { state: "expired" }), version(4)] },
    remove: [3, 2],
  },
];

function numbers(versions: readonly Version[]): readonly number[] {
  return versions.map(({ version: number }) => number);
}

describe("plan", () => {
  test.each(cases)("$name", ({ given, make, rest, remove = [], replace = [] }) => {
    const decided = plan(situation(given));
    expect(decided.make).toEqual(make === undefined ? undefined : { version: make[0], reason: make[1] });
    expect(decided.complete?.version).toBe(rest?.complete);
    expect(decided.expired?.version).toBe(rest?.expired);
    expect(numbers(decided.remove)).toEqual(remove);
    expect(numbers(decided.replace)).toEqual(replace);
  });

  test("the next rotation is told from the newest version", () => {
    const decided = plan(situation({ rotateEveryMs: 10 * HOUR, versions: [version(1), version(2)] }));
    expect(decided.nextRotation).toEqual(new Date(now.getTime() + 2 * HOUR));
    const rotating = plan(situation({ rotateEveryMs: HOUR, versions: [version(1)] }));
    expect(rotating.nextRotation).toEqual(new Date(now.getTime() + HOUR));
  });
});

const states: readonly VersionState[] = ["ready", "empty", "expired", "gone"];
const anySituation = fc
  .record({
    source: fc.constantFrom("generate", "copy"),
    states: fc.array(fc.constantFrom(...states), { maxLength: 6 }),
    keep: fc.integer({ min: 1, max: 4 }),
    contentSame: fc.boolean(),
    rotateEveryMs: fc.option(fc.integer({ min: 1, max: 20 * HOUR }), { nil: undefined }),
  })
  .map(({ source, states: given, keep, contentSame, rotateEveryMs }) =>
    situation({
      source,
      keep,
      versions: given.map((state, at) => version(at + 1, { state })),
      ...(source === "copy" ? { contentSame } : {}),
      ...(rotateEveryMs === undefined ? {} : { rotateEveryMs }),
    }),
  );

/** Does as the plan says, as the steps would. */
function carriedOut(given: Situation, decided: Plan): Situation {
  const gone = new Set([...decided.remove, ...decided.replace]);
  const left = given.versions
    .filter((one) => !gone.has(one))
    .map((one) => (one === decided.complete ? { ...one, state: "ready" as const } : one));
  const made = decided.make === undefined ? [] : [version(decided.make.version, { createdAt: now })];
  const versions = [...left, ...made];
  const highest = Math.max(given.highest, ...versions.map(({ version: number }) => number));
  return { ...given, versions, highest, ...(made.length > 0 && given.source === "copy" ? { contentSame: true } : {}) };
}

describe("any plan", () => {
  test("leads to rest in one pass", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const after = plan(carriedOut(given, plan(given)));
        expect(after.make).toBeUndefined();
        expect(after.complete).toBeUndefined();
        expect(after.remove).toEqual([]);
      }),
    );
  });

  test("never removes the current version without making another", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const decided = plan(given);
        const current = currentOf(given.versions);
        if (decided.make === undefined && current !== undefined) expect(decided.remove).not.toContain(current);
      }),
    );
  });

  test("never gives two versions one number", () => {
    fc.assert(
      fc.property(anySituation, (given) => {
        const all = numbers(carriedOut(given, plan(given)).versions);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });
});
