import { expect, test } from "vitest";
import { reportText } from "./report.ts";

test("the report counts kills by phase, and names each end that is another", () => {
  const lives = [
    { name: "web-1", killedIn: ["create", "create", "stop"], differences: [] },
    { name: "web-2", killedIn: ["stop"], differences: ["stop: {} instead of 1"] },
  ];
  const text = reportText({ kills: 3, lives, leftovers: ["Secret orphan"], plantedSeen: true });
  expect(text).toContain(
    "3 kills, 2 lives, 1 with the same end in each phase. Left over after all were deleted: Secret orphan.",
  );
  expect(text).toContain("| create | 2 | same |");
  expect(text).toContain("| stop | 2 | **another** |");
  expect(text).toContain("- web-2: stop: {} instead of 1");
});
