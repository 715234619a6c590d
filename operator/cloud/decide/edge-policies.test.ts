import { describe, expect, test } from "vitest";
import type { EdgePolicy } from "../resources.ts";
import { checksTokens, keyUnknownAtEdge, notInForce, policiesProblem } from "./edge.ts";
import { publicJwk, signingPair } from "./signing-keys.ts";

describe("an edge's policies", () => {
  const policy = (...conditions: readonly (readonly [string, "True" | "False", string, number])[]): EdgePolicy =>
    ({
      metadata: { name: "tokens", generation: 2 },
      status: {
        ancestors: [
          {
            conditions: conditions.map(([type, status, reason, observedGeneration]) => ({
              ...{ type, status, reason, observedGeneration, message: `of ${type}` },
            })),
          },
        ],
      },
    }) as unknown as EdgePolicy;
  const accepted = ["Accepted", "True", "Accepted", 2] as const;

  test.each([
    ["are in force where all is as it should be", policy(accepted, ["Programmed", "True", "Programmed", 2]), undefined],
    ["are not where nobody looked", undefined, "EdgePolicy tokens to be looked at"],
    ["are where a former one is", policy(["Accepted", "True", "Accepted", 1]), undefined],
    [
      "nor where another is older",
      policy(["Accepted", "False", "Conflicted", 2]),
      "EdgePolicy tokens to be in force: Conflicted: of Accepted",
    ],
    [
      "nor where a proxy refuses it",
      policy(accepted, ["Programmed", "False", "Rejected", 2]),
      "EdgePolicy tokens to be in force: Rejected: of Programmed",
    ],
  ])("%s", (_how, found, expected) => {
    expect(policiesProblem(new Map([["tokens", found]]))).toBe(expected);
  });

  const programmed = ["Programmed", "True", "Programmed", 2] as const;
  test.each([
    ["is not where nobody looked", policy(), "EdgePolicy tokens to be looked at"],
    [
      "is not where nobody looked at it as it is",
      policy(["Accepted", "True", "Accepted", 1], programmed),
      "EdgePolicy tokens to be looked at",
    ],
    ["is not where nobody says so", policy(accepted), "EdgePolicy tokens to be in force: nobody says so"],
    [
      "is not where it was before",
      policy(accepted, ["Programmed", "True", "Programmed", 1]),
      "EdgePolicy tokens to be in force: Programmed: of Programmed",
    ],
    [
      "is not where a proxy refuses it",
      policy(accepted, ["Programmed", "False", "Rejected", 2]),
      "EdgePolicy tokens to be in force: Rejected: of Programmed",
    ],
    ["is where proxies are told of it", policy(accepted, programmed), undefined],
    [
      "is never where no proxy serves its target, so nothing waits for that",
      policy(["Accepted", "False", "TargetNotFound", 2]),
      undefined,
    ],
  ])("as it is now %s", (_is, of, expected) => {
    expect(notInForce(of)).toBe(expected);
  });

  test("keep a key from signing until it is among theirs, and in force", () => {
    const [first, next] = [publicJwk(signingPair()), publicJwk(signingPair())];
    const checking = (jwt: object, of: EdgePolicy): EdgePolicy => ({ ...of, spec: jwt }) as EdgePolicy;
    const keys = (...of: readonly object[]) => ({ jwt: { jwks: JSON.stringify({ keys: of }) } });
    expect(keyUnknownAtEdge(checking(keys(first), policy(accepted, programmed)), next)).toContain(
      "does not have the next key yet",
    );
    expect(keyUnknownAtEdge(checking(keys(first, next), policy(accepted)), next)).toContain("to be in force");
    expect(keyUnknownAtEdge(checking(keys(first, next), policy(accepted, programmed)), next)).toBeUndefined();
    expect(keyUnknownAtEdge(checking({}, policy(accepted)), next)).toBeUndefined();
    expect(keyUnknownAtEdge(undefined, next)).toBeUndefined();
  });

  test.each([
    [{ format: "jws", isKeystoneReady: true, now: false }, true],
    [{ format: "jws", isKeystoneReady: false, now: false }, false],
    [{ format: "jws", isKeystoneReady: false, now: true }, true],
    [{ format: "fernet", isKeystoneReady: true, now: true }, false],
  ] as const)("check tokens by %j: %s", (facts, expected) => {
    expect(checksTokens(facts)).toBe(expected);
  });
});
