import { expect, test } from "vitest";
import { orphanedProjects } from "./orphans.ts";

const project = (...tags: readonly string[]) => ({ tags });

test("projects of no object are those with our installation's tag and a name that is not there", () => {
  const keystone = [
    project("nephele:local:team-b"),
    project("nephele:local:team-a", "more"),
    project("nephele:other:team-c"),
    project("of-a-person"),
    project(),
    project("nephele:local:here"),
  ];
  expect(orphanedProjects(keystone, "local", new Set(["here", "team-c"]))).toEqual(["team-a", "team-b"]);
});
