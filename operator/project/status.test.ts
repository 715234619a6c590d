import { describe, expect, test } from "vitest";
import type { Condition } from "#runtime/api/conditions.ts";
import { settled, waiting } from "#runtime/controller/outcome.ts";
import { aProject } from "./fixtures.ts";
import type { Concern, ConcernResult } from "./scope.ts";
import { projectStatus } from "./status.ts";

const good = {
  type: "IdentityReady",
  status: "True",
  reason: "Success",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
} as const;

function conditionOf(type: string, results: [Concern, ConcernResult][], conditions = [good]): object | undefined {
  const project = aProject({}, { conditions });
  const facts = {} as Parameters<typeof projectStatus>[0]["facts"];
  return projectStatus({ project, facts, results: new Map(results) }).conditions?.find((found) => found.type === type);
}

describe("a concern's condition", () => {
  const failed: ConcernResult = { kind: "failed", error: new Error("keystone: no answer") };
  test.each<[string, [Concern, ConcernResult][], object]>([
    ["is True when the concern is settled", [["IdentityReady", settled()]], { status: "True", reason: "Success" }],
    [
      "is False while it waits, and says for what",
      [["IdentityReady", waiting("Keystone domain x")]],
      { status: "False", message: "Waiting for Keystone domain x" },
    ],
    ["stays good when the service could not be asked", [["IdentityReady", failed]], { status: "True" }],
    ["stays as it was when the pass did not look", [], { status: "True" }],
  ])("%s", (_name, results, expected) => {
    expect(conditionOf("IdentityReady", results)).toMatchObject(expected);
  });

  test("is Unknown before it was ever reached", () => {
    expect(conditionOf("MembersReady", [])).toMatchObject({ status: "Unknown", reason: "NotReached" });
  });

  const enabled = (results: [Concern, ConcernResult][], previous: readonly Condition[] = []): object | undefined =>
    projectStatus({
      project: aProject({ enabled: false }, { conditions: [...previous] }),
      facts: {} as never,
      results: new Map(results),
    }).conditions?.at(-1);
  const disabled = { type: "Enabled", status: "False", reason: "ProjectDisabled" };

  test("says that the Project is disabled when Keystone knows, and until then that it does not", () => {
    const done = enabled([["IdentityReady", settled()]]);
    expect(done).toMatchObject({ ...disabled, message: expect.stringContaining("no tokens") });
    for (const results of [[], [["IdentityReady", failed]]] satisfies [Concern, ConcernResult][][])
      expect(enabled(results)).toMatchObject({ ...disabled, message: expect.stringContaining("not been told yet") });
    const before = { ...done, lastTransitionTime: good.lastTransitionTime } as Condition;
    expect(enabled([["IdentityReady", failed]], [before])).toEqual(before);
  });
});
