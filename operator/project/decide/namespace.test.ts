import { describe, expect, test } from "vitest";
import type { Namespace } from "#operator/api/foreign.ts";
import { aProject } from "../fixtures.ts";
import { decideNamespace } from "./namespace.ts";

const project = aProject();

function aNamespace(metadata: Partial<Namespace["metadata"]> = {}): Namespace {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: "team-a",
      uid: "n",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
  };
}

const consenting = { annotations: { "nephele.dev/project": "team-a" } };
const made = { annotations: { "nephele.dev/created-by": "local/team-a", "nephele.dev/project": "team-a" } };
const ending = { deletionTimestamp: "2026-01-02T00:00:00Z" };

describe("the namespace of a Project", () => {
  test.each([
    ["is created where there is none", undefined, undefined, { kind: "create" }],
    ["is created again where ours went", undefined, "Made", { kind: "create" }],
    ["is awaited where a taken one went", undefined, "Taken", { kind: "awaited" }],
    ["is taken where it consents", aNamespace(consenting), undefined, { kind: "use", origin: "Taken" }],
    [
      "is known again where we made it and somebody took its consent away",
      aNamespace({ annotations: { "nephele.dev/created-by": "local/team-a" } }),
      "Made",
      { kind: "use", origin: "Made" },
    ],
    [
      "is known again where we made it and lost the record",
      aNamespace(made),
      undefined,
      { kind: "use", origin: "Made" },
    ],
    ["is waited for while it ends", aNamespace({ ...made, ...ending }), "Made", { kind: "ending", origin: "Made" }],
  ] as const)("%s", (_name, current, recorded, decision) => {
    expect(decideNamespace(project, "local", current, recorded)).toEqual(decision);
  });

  test.each([
    ["has no annotation", aNamespace(), "exists and is not this Project's"],
    [
      "names another Project",
      aNamespace({ annotations: { "nephele.dev/project": "team-b" } }),
      "belongs to the Project team-b",
    ],
    [
      "was made for it and then given to another",
      aNamespace({ annotations: { ...made.annotations, "nephele.dev/project": "team-b" } }),
      "belongs to the Project team-b",
    ],
    [
      "was made by another installation",
      aNamespace({ annotations: { "nephele.dev/created-by": "other/team-a" } }),
      "is not this",
    ],
    ["withdrew its consent", aNamespace(), "kubectl annotate namespace team-a nephele.dev/project=team-a"],
  ])("is somebody else's where it %s", (_name, current, problem) => {
    const decision = decideNamespace(project, "local", current, "Taken");
    expect(decision).toMatchObject({ kind: "foreign", problem: expect.stringContaining(problem) as string });
  });
});
