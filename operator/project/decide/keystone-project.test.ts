import { describe, expect, test } from "vitest";
import type { ProjectSpec } from "#operator/api/generated/project.ts";
import { aProject } from "../fixtures.ts";
import { adoptionProblem, type KeystoneProject, keystoneChanges } from "./keystone-project.ts";

const tag = "nephele:local:team-a";
const current: KeystoneProject = {
  id: "p1",
  name: "team-a",
  domainId: "d1",
  isDomain: false,
  description: "",
  enabled: true,
  tags: [tag],
};

describe("the Keystone project", () => {
  test.each<[string, Partial<ProjectSpec>, Partial<KeystoneProject>, object | undefined]>([
    ["stays where all is as wanted", {}, {}, undefined],
    ["gets its name back", {}, { name: "other" }, { name: "team-a" }],
    ["gets the name of the spec", { name: "Team A" }, {}, { name: "Team A" }],
    ["gets its description", { description: "ours" }, {}, { description: "ours" }],
    ["loses a description that is not wanted", {}, { description: "x" }, { description: "" }],
    ["is disabled with the Project", { enabled: false }, {}, { enabled: false }],
    ["is enabled with the Project", {}, { enabled: false }, { enabled: true }],
    ["gets our tag beside those of others", {}, { tags: ["theirs"] }, { tags: ["theirs", tag] }],
    ["that was adopted keeps its name", { adopt: { id: "p1" } }, { name: "old", description: "x" }, undefined],
    [
      "that was adopted gets a name that is given",
      { adopt: { id: "p1" }, name: "new" },
      { name: "old" },
      { name: "new" },
    ],
  ])("%s", (_name, spec, found, changes) => {
    expect(keystoneChanges(aProject(spec), tag, { ...current, ...found })).toEqual(changes);
  });

  test.each<[string, Partial<KeystoneProject>, string]>([
    ["is another Project's", { tags: ["nephele:local:team-b"] }, "belongs to Project team-b of the installation local"],
    ["is a domain", { id: "d1", isDomain: true }, "spec.adopt.id: d1 is the domain team-a and no project"],
    ["is in another domain", { domainId: "d2" }, "is in the domain d2, not in Default (d1)"],
  ])("cannot be adopted where it %s", (_name, found, message) => {
    const problem = adoptionProblem(aProject({ adopt: { id: "p1" } }), tag, "d1", { ...current, tags: [], ...found });
    expect(problem?.message).toContain(message);
  });

  test("can be adopted again by the Project that has it", () => {
    expect(adoptionProblem(aProject({ adopt: { id: "p1" } }), tag, "d1", current)).toBeUndefined();
  });
});
