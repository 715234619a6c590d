import { describe, expect, test } from "vitest";
import { ranges, reportText, type SubjectResult } from "./report.ts";

const phases = new Map([
  ["create", { writes: { kubernetes: ["PATCH a", "PATCH a/status"], keystone: [], barbican: ["POST b"] }, end: {} }],
]);
const point = (service: "kubernetes" | "barbican", write: number, problem?: string) => ({
  point: { phase: "create", service, write },
  write: "x",
  problem,
});
const survived = [point("kubernetes", 1), point("kubernetes", 2), point("barbican", 1)];
const result: SubjectResult = { name: "Secret", phases, survived };

describe("the report", () => {
  test("has a row for each service that a phase writes to", () => {
    const text = reportText([result]);
    expect(text).toContain("3 kills, 3 with the same end.");
    expect(text).toContain(
      "| Secret | create | API server | 2 | 1–2 | same |\n| Secret | create | Barbican | 1 | 1 | same |",
    );
    expect(text).not.toContain("## Problems");
  });

  test("shows a problem, and a point that was not run", () => {
    const text = reportText([{ ...result, survived: [point("kubernetes", 1), point("kubernetes", 2, "doubled: y")] }]);
    expect(text).toContain("| Secret | create | API server | 2 | 1–2 | **another** |");
    expect(text).toContain("| Secret | create | Barbican | 1 | – | not run |");
    expect(text).toContain("- create, API server 2 (x): doubled: y");
  });

  test("ranges", () => {
    expect([ranges([]), ranges([2]), ranges([3, 1, 2, 7])]).toEqual(["–", "2", "1–3, 7"]);
  });
});
