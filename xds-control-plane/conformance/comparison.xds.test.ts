import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Column, comparisonPage } from "./comparison-page.ts";
import { type Cache, startGoControlPlane } from "./go-control-plane.ts";
import { knownMisses } from "./known-misses.ts";
import { startOurs } from "./ours.ts";
import { modeName, type Outcome, runAll } from "./run.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "xds-conformance.md");

const columns: Column[] = [];

/** What was missed, a line a case and mode. */
function misses(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes
    .filter(({ miss }) => miss !== undefined)
    .map(({ case: { obligation, title }, mode }) => `${obligation}, ${modeName(mode)}: ${title}`)
    .sort();
}

describe("the suite finds what go-control-plane misses, and nothing else, and in ours nothing", {
  timeout: 180_000,
}, () => {
  test("ours", async () => {
    const outcomes = await runAll(() => startOurs());
    columns.push({ title: "Nephele", outcomes });
    expect(misses(outcomes)).toEqual([]);
  });

  test.each<{ cache: Cache; title: string }>([
    { cache: "snapshot", title: "SnapshotCache" },
    { cache: "linear", title: "LinearCache + Mux" },
  ])("go-control-plane's $title", async ({ cache, title }) => {
    const outcomes = await runAll(() => startGoControlPlane(cache));
    columns.push({ title, outcomes });
    const known = knownMisses.flatMap((each) =>
      each.modes[cache].map((mode) => `${each.obligation}, ${mode}: ${each.title}`),
    );
    expect(misses(outcomes)).toEqual(known.sort());
    // What it is known for, in its issues and in its code.
    for (const obligation of [6, 7, 10]) {
      expect(misses(outcomes).some((miss) => miss.startsWith(`${obligation}, `))).toBe(true);
    }
  });

  test("docs/xds-conformance.md says so (make xds-conformance)", async () => {
    await expect(comparisonPage(columns)).toMatchFileSnapshot(page);
  });
});
