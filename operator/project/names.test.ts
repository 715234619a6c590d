import { describe, expect, test } from "vitest";
import { aProject } from "./fixtures.ts";
import { claimedByOther, projectTag, robotGeneration, robotPrefix } from "./names.ts";

describe("a robot's name", () => {
  const prefix = robotPrefix("local", aProject());

  test.each([
    ["nephele-local-team-a-1", 1],
    ["nephele-local-team-a-12", 12],
    ["nephele-local-team-a-b-1", undefined],
    ["nephele-local-team-a-0", undefined],
    ["nephele-local-team-a-", undefined],
    ["nephele-local-team-b-1", undefined],
  ])("%s tells the generation %s", (name, generation) => {
    expect(robotGeneration(prefix, name)).toBe(generation);
  });
});

describe("the tag of a Keystone project", () => {
  const own = projectTag("local", aProject());

  test("names installation and Project, without what Keystone forbids in tags", () => {
    expect(own).toBe("nephele:local:team-a");
  });

  test.each([
    ["of this Project claims nothing", ["x", own], undefined],
    ["of another Project claims it", ["nephele:local:team-b"], "Project team-b of the installation local"],
    ["of another installation claims it", [own, "nephele:other:team-a"], "Project team-a of the installation other"],
  ])("%s", (_name, tags, claim) => {
    expect(claimedByOther(tags, own)).toBe(claim);
  });
});
