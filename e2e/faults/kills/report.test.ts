import { describe, expect, test } from "vitest";
import { neverKilledAfter, ranges, reportText, type SubjectResult } from "./report.ts";

const phases = new Map([
  ["create", { writes: { kubernetes: ["PATCH a", "PATCH a/status"], keystone: [], barbican: ["POST b"] }, end: {} }],
]);
const point = (service: "kubernetes" | "barbican", write: number, problem?: string) => ({
  point: { phase: "create", service, write },
  write: phases.get("create")?.writes[service][write - 1],
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
    expect(text).toContain("- Secret: create, API server 2 (PATCH a/status): doubled: y");
  });

  test("another run's kinds stay as they were, in their order, and all kills are counted", () => {
    const bad = { ...result, name: "Image", survived: [point("kubernetes", 1, "doubled: y\norphaned: z")] };
    const former = reportText([bad, result]);
    expect(reportText([], former)).toBe(former);
    const other = { ...result, name: "Cloud" };
    const order = ["Cloud", "Secret", "Image"];
    const text = reportText([other], former, order);
    expect(text).toBe(reportText([other, result, bad]));
    expect(text).toContain("7 kills, 6 with the same end.");
    expect(text).toContain("- Image: create, API server 1 (PATCH a): doubled: y; orphaned: z\n");
    expect(reportText([{ ...result, name: "Image" }], text, order)).not.toContain("## Problems");
  });

  test("a write that did not come again is no kill, unless no other of its kind was killed after", () => {
    const twice = ["DELETE b", "DELETE b"];
    const repeated = new Map([["create", { writes: { kubernetes: [], keystone: [], barbican: twice }, end: {} }]]);
    const killed = { point: { phase: "create", service: "barbican" as const, write: 1 }, problem: undefined };
    const missed = { ...killed, point: { ...killed.point, write: 2 }, write: undefined };
    const once = { name: "Secret", phases: repeated, survived: [{ ...killed, write: "DELETE b" }, missed] };
    expect(reportText([once])).toContain("1 kills, 1 with the same end.");
    expect(reportText([once])).toContain("| Secret | create | Barbican | 2 | 1 | same |");
    expect(neverKilledAfter(once)).toEqual([]);
    expect(neverKilledAfter({ ...once, survived: [missed] })).toEqual(["create, Barbican: DELETE b"]);
    expect(neverKilledAfter(result)).toEqual([]);
  });

  test("ranges", () => {
    expect([ranges([]), ranges([2]), ranges([3, 1, 2, 7])]).toEqual(["–", "2", "1–3, 7"]);
  });
});
