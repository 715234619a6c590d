import { expect, test } from "vitest";
import { claimedByOthers } from "./claims.ts";

test.each([
  ["nobody has claimed anything", {}, []],
  ["the claims are ours, from an earlier time", { "controller.nephele.dev/project": "ours" }, []],
  [
    "another set has one of ours",
    { "controller.nephele.dev/project": "theirs", "controller.nephele.dev/secret": "ours" },
    [{ controller: "project", lease: "theirs" }],
  ],
  ["another set has what is not ours", { "controller.nephele.dev/server": "theirs" }, []],
  ["an annotation of somebody else", { project: "theirs" }, []],
])("%s", (_name, annotations, expected) => {
  expect(claimedByOthers(annotations, "ours", ["project", "secret"])).toEqual(expected);
});
