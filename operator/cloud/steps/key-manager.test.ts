import { expect, test } from "vitest";
import type { KubeObject } from "#runtime/api/object.ts";
import { barbican } from "../children/barbican.ts";
import { readAtStart } from "../decide/read-at-start.ts";
import type { CloudDeployment } from "../deployment.ts";
import { aDeployment } from "../fixtures.ts";
import type { CloudScope } from "../scope.ts";
import type { AspectResult } from "../status.ts";
import { isBarbicanRolledOut, storesInTheMaking } from "./key-manager.ts";

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

const inToken = aDeployment({
  keyManager: {
    stores: [
      {
        ...{ name: "hsm", type: "PKCS11", default: true },
        pkcs11: { tokenLabel: "vault", pinSecretRef: { name: "hsm-pin", key: "pin" } },
      },
    ],
  },
});
const running = { kind: "waiting", for: "a Job" } as AspectResult;
const failed = { kind: "waiting", for: "a PIN", reason: "SetupFailed" } as AspectResult;

test.each<readonly [string, CloudDeployment, AspectResult, readonly string[], boolean]>([
  ["wait while its stores are entered", inToken, running, [], true],
  ["wait while another is", inToken, running, ["pkcs11-luna"], true],
  ["do not wait for a Job that failed", inToken, failed, [], false],
  [
    "do not wait where they were entered before: a PIN may change while a pod is lost",
    inToken,
    running,
    ["pkcs11-hsm"],
    false,
  ],
  ["do not wait where no store is in a token", deployment, running, [], false],
])("Barbican's pods %s", (_says, of, result, keys, expected) => {
  const scope = {
    results: new Map([["StoresReady", result]]),
    object: { status: { keys: keys.map((name) => ({ name })) } },
  } as unknown as CloudScope;
  expect(storesInTheMaking(scope, of) !== undefined).toBe(expected);
});
