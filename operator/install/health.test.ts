import { describe, expect, test } from "vitest";
import type { Condition } from "#runtime/api/conditions.ts";
import { cloudProblem, type Lease, leaderProblem } from "./health.ts";

const now = new Date("2026-11-25T12:00:10Z");
const held: Lease = {
  holderIdentity: "nephele-operator-1",
  renewTime: "2026-11-25T12:00:08.000000Z",
  leaseDurationSeconds: 6,
};

describe("leader", () => {
  test.each<readonly [string, Lease | undefined, RegExp | undefined]>([
    ["one that renewed in time leads", held, undefined],
    [
      "one that did not has stopped",
      { ...held, renewTime: "2026-11-25T11:59:00Z" },
      /nephele-operator-1 has not renewed its Lease for 70 s/,
    ],
    ["no Lease is no leader", undefined, /no operator leads/],
    ["a released Lease is no leader", { ...held, holderIdentity: "" }, /no operator leads/],
  ])("%s", (_says, lease, problem) => {
    const found = leaderProblem(lease, now);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });
});

describe("Cloud", () => {
  const condition = (status: Condition["status"]): Condition => ({
    ...{ type: "Ready", status, reason: "Progressing", message: "waiting for Secret default-admin" },
    lastTransitionTime: "2026-11-25T12:00:00Z",
  });
  test.each<readonly [string, Condition | undefined, boolean, string | undefined]>([
    ["a Ready one has no problem", condition("True"), true, undefined],
    [
      "one that waits says for what",
      condition("False"),
      true,
      "the Cloud default is not Ready: waiting for Secret default-admin",
    ],
    [
      "one not looked at yet is not Ready",
      condition("Unknown"),
      true,
      "the Cloud default is not Ready: waiting for Secret default-admin",
    ],
    ["one without a status is not Ready", undefined, true, "the Cloud default says nothing of Ready yet"],
    ["a missing one is named", undefined, false, "there is no Cloud default"],
  ])("%s", (_says, ready, exists, problem) => {
    expect(cloudProblem("default", ready, exists)).toBe(problem);
  });
});
