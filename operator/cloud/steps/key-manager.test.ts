import { expect, test } from "vitest";
import type { KubeObject } from "#runtime/api/object.ts";
import { barbican } from "../children/barbican.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment } from "../fixtures.ts";
import type { CloudScope } from "../scope.ts";
import { isBarbicanRolledOut } from "./key-manager.ts";

/** When people may be led to Barbican by an edge: its pods of before know nothing of the edge's paths. */

const deployment = aDeployment();
const values = () => ({ barbican: "b" });
const rolledOut = { observedGeneration: 3, replicas: 2, readyReplicas: 2, updatedReplicas: 2 };

function isRolledOut(of: CloudDeployment | undefined, status: object): boolean {
  const made = of && barbican(of, readAtStart("barbican", values));
  const there = made && ({ ...made, metadata: { ...made.metadata, generation: 3 }, status } as unknown as KubeObject);
  const scope = { cache: { get: () => there }, custody: { keySet: "1", values } } as unknown as CloudScope;
  return isBarbicanRolledOut(scope, deployment);
}

test.each<readonly [string, CloudDeployment | undefined, object, boolean]>([
  ["is rolled out where all are as they are wanted", deployment, rolledOut, true],
  ["is not where there are none", undefined, rolledOut, false],
  ["is not where one of before is there still", deployment, { ...rolledOut, replicas: 3, updatedReplicas: 1 }, false],
  ["is not where the change was not seen yet", deployment, { ...rolledOut, observedGeneration: 2 }, false],
  ["is not where they are of another template", aDeployment({ keyManager: { replicas: 3 } }), rolledOut, false],
])("Barbican %s", (_is, of, status, expected) => {
  expect(isRolledOut(of, status)).toBe(expected);
});
