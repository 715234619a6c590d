import { describe, expect, test } from "vitest";
import { allPoints, livesOf, PointsLeft } from "./lives.ts";

const counts = new Map([
  ["create", { kubernetes: 2, keystone: 0, barbican: 1 }],
  ["delete", { kubernetes: 1, keystone: 0, barbican: 1 }],
]);

describe("kill points", () => {
  test("every write of every service in every phase is one", () => {
    expect(allPoints(counts).map(({ phase, service, write }) => `${phase} ${service} ${write}`)).toEqual([
      "create kubernetes 1",
      "create kubernetes 2",
      "create barbican 1",
      "delete kubernetes 1",
      "delete barbican 1",
    ]);
  });

  test("a life has one of each phase at most, and no point is lost", () => {
    const points = allPoints(counts);
    const lives = livesOf(points);
    expect(lives.map((life) => life.map(({ phase }) => phase))).toEqual([
      ["create", "delete"],
      ["create", "delete"],
      ["create"],
    ]);
    expect(new Set(lives.flat())).toEqual(new Set(points));
  });

  test("a write is killed after as often as it was made, and what did not come is left", () => {
    const writes = { kubernetes: ["POST a", "PATCH a", "POST a"], keystone: [], barbican: ["POST a"] };
    const left = new PointsLeft("create", writes);
    const taken = ["POST a", "POST a", "POST a", "DELETE a"].map((words) => left.take("kubernetes", words)?.write);
    expect(taken).toEqual([1, 3, undefined, undefined]);
    expect([left.has("kubernetes", "POST a"), left.has("kubernetes", "PATCH a")]).toEqual([false, true]);
    const points = (of: PointsLeft) => of.points.map(({ service, write }) => `${service} ${write}`);
    expect(points(left)).toEqual(["kubernetes 2", "barbican 1"]);
    expect(points(new PointsLeft("create", writes, false))).toEqual(["kubernetes 1", "kubernetes 2", "barbican 1"]);
  });
});
