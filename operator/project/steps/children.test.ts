import { expect, test } from "vitest";
import type { Resource } from "#runtime/api/resource.ts";
import { aProject } from "../fixtures.ts";
import type { ProjectScope } from "../scope.ts";
import { ensureChildren } from "./children.ts";

/** The namespace that the Project says after a pass in which this kind cannot be written. */
async function saidWithout(refused: string): Promise<string | undefined> {
  const apply = async ({ plural }: Resource): Promise<void> => {
    if (plural === refused) throw new Error(`no ${plural}`);
  };
  const scope = {
    project: aProject(),
    namespace: "team-a",
    facts: {},
    deps: { operator: { name: "operator", namespace: "system" }, platform: {} },
    cache: { list: () => [] },
    kube: { apply },
    fieldOwner: (concern: string) => concern,
  } as unknown as ProjectScope;
  await expect(ensureChildren(scope)).rejects.toThrow(`no ${refused}`);
  return scope.facts.namespace;
}

test("a Project says its namespace when the operator has its rights there, and not before: others then watch it", async () => {
  expect(await saidWithout("rolebindings")).toBeUndefined();
  expect(await saidWithout("networkpolicies")).toBe("team-a");
});
