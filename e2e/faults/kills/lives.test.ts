import { describe, expect, test } from "vitest";
import { allPoints, livesOf } from "./lives.ts";

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
});
