import { expect, test } from "vitest";
import { settled, waiting } from "#runtime/controller/outcome.ts";
import { withWayBack } from "./way-back.ts";

const pulled = waiting("Deployment c-keystone-2026-2: 0 of 2 pods are ready (pod c: the image k cannot be pulled)");

test("who waits for a release that does not come is told what serves, and the way back", () => {
  expect(withWayBack(pulled, "keystone", "2026.1")).toMatchObject({
    kind: "waiting",
    for: expect.stringMatching(
      /cannot be pulled\); keystone of 2026.1 goes on serving, and spec.release may be set back to 2026.1$/,
    ),
  });
});

test("without another release there is none, and nothing is said of it when all is well", () => {
  expect(withWayBack(pulled, "keystone", "")).toBe(pulled);
  expect(withWayBack(settled(), "keystone", "2026.1")).toEqual(settled());
});
