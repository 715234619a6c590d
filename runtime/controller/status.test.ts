import { describe, expect, test } from "vitest";
import type { Condition } from "../api/conditions.ts";
import type { KubeObject } from "../api/object.ts";
import { invalid, settled, waiting } from "./outcome.ts";
import { type CommonStatus, type PassResult, pausedConditions, standardConditions, statusToApply } from "./status.ts";

const NOW = new Date("2026-11-23T10:00:00.500Z");

function objectWith(
  status?: CommonStatus,
  more: { deleting?: boolean; generation?: number } = {},
): KubeObject<unknown, CommonStatus> {
  return {
    apiVersion: "nephele.dev/v1alpha1",
    kind: "Thing",
    metadata: {
      name: "a",
      namespace: "n",
      uid: "u",
      resourceVersion: "1",
      generation: more.generation ?? 1,
      creationTimestamp: "2026-11-23T09:00:00Z",
      ...(more.deleting === true ? { deletionTimestamp: "2026-11-23T09:30:00Z" } : {}),
    },
    ...(status === undefined ? {} : { status }),
  };
}

function ready(generation: number): CommonStatus {
  const lastTransitionTime = "2026-11-23T09:10:00Z";
  const condition: Condition = {
    type: "Ready",
    status: "True",
    reason: "Success",
    message: "fine",
    observedGeneration: generation,
    lastTransitionTime,
  };
  return { observedGeneration: generation, conditions: [condition] };
}

function words(result: PassResult, object = objectWith()): string[] {
  return standardConditions(object, result).map(({ type, status, reason, message }) =>
    `${type}=${status} ${reason} ${message}`.trim(),
  );
}

describe("standard conditions", () => {
  test("settled is Ready, and neither Reconciling nor Stalled", () => {
    expect(words(settled({ message: "ACTIVE" }))).toEqual([
      "Ready=True Success ACTIVE",
      "Reconciling=False Success",
      "Stalled=False Success",
    ]);
  });

  test("waiting says for what, and is Reconciling", () => {
    expect(words(waiting("Flavor small"))).toEqual([
      "Ready=False Progressing Waiting for Flavor small",
      "Reconciling=True Progressing Waiting for Flavor small",
      "Stalled=False Progressing",
    ]);
  });

  test("a wrong spec is Stalled with the field's path", () => {
    expect(words(invalid("spec.size", "must not shrink"))).toEqual([
      "Ready=False InvalidConfiguration spec.size: must not shrink",
      "Reconciling=False InvalidConfiguration",
      "Stalled=True InvalidConfiguration spec.size: must not shrink",
    ]);
  });

  test("a failed pass keeps Ready=True of this generation and says what failed", () => {
    const failed: PassResult = { kind: "failed", error: new Error("Barbican answered 500") };
    expect(words(failed, objectWith(ready(1)))).toEqual([
      "Ready=True Success fine",
      "Reconciling=True TransientError Barbican answered 500",
      "Stalled=False TransientError",
    ]);
  });

  test("a failed pass does not keep the Ready of an older generation", () => {
    const failed: PassResult = { kind: "failed", error: new Error("Barbican answered 500") };
    expect(words(failed, objectWith(ready(1), { generation: 2 }))[0]).toBe(
      "Ready=False TransientError Barbican answered 500",
    );
  });

  test("deletion says what it waits for", () => {
    expect(words(waiting("Server web-1"), objectWith(undefined, { deleting: true }))[0]).toBe(
      "Ready=False Deleting Being deleted: waiting for Server web-1",
    );
  });

  test("a paused object keeps its Ready and says why nothing moves", () => {
    const conditions = pausedConditions(objectWith(ready(1)));
    expect(conditions[0]?.status).toBe("True");
    expect(conditions[1]?.reason).toBe("Paused");
  });

  test("a paused object keeps the conditions of its kind, with their time and the generation that they speak of", () => {
    const own: Condition = { ...ready(1).conditions?.[0], type: "Shared" } as Condition;
    const before = objectWith({ conditions: [...(ready(1).conditions ?? []), own] }, { generation: 2 });
    const status = statusToApply(before, undefined, pausedConditions(before), NOW)?.["status"] as CommonStatus;
    expect(status.conditions?.map(({ type }) => type)).toEqual(["Ready", "Reconciling", "Stalled", "Shared"]);
    expect(status.conditions?.at(-1)).toEqual(own);
    // Control: a pass says all that is so, and what it does not say is gone.
    const passed = statusToApply(before, undefined, standardConditions(before, settled()), NOW)?.["status"];
    expect((passed as CommonStatus).conditions?.map(({ type }) => type)).not.toContain("Shared");
  });
});

describe("status to apply", () => {
  test("a status that says the same is not written again, whatever the time", () => {
    const conditions = standardConditions(objectWith(), settled());
    const first = statusToApply(objectWith(), { phase: "x" }, conditions, NOW);
    const after = objectWith(first?.["status"] as CommonStatus);
    expect(statusToApply(after, { phase: "x" }, conditions, new Date("2026-11-23T11:00:00Z"))).toBeUndefined();
  });

  test("a field that is no longer said is a change", () => {
    const conditions = standardConditions(objectWith(), settled());
    const first = statusToApply(objectWith(), { phase: "x", extra: 1 }, conditions, NOW);
    const after = objectWith(first?.["status"] as CommonStatus);
    expect(statusToApply(after, { phase: "x" }, conditions, NOW)?.["status"]).not.toHaveProperty("extra");
  });

  test("the time of a condition changes with its status only", () => {
    const before = objectWith({ ...ready(1) });
    const status = statusToApply(
      before,
      undefined,
      standardConditions(before, settled({ message: "new words" })),
      NOW,
    )?.["status"] as CommonStatus;
    expect(status.conditions?.[0]).toMatchObject({ message: "new words", lastTransitionTime: "2026-11-23T09:10:00Z" });
    const worse = statusToApply(before, undefined, standardConditions(before, waiting("x")), NOW)?.[
      "status"
    ] as CommonStatus;
    expect(worse.conditions?.[0]).toMatchObject({ status: "False", lastTransitionTime: "2026-11-23T10:00:00Z" });
  });

  test("fields stay as they are where a pass does not say them", () => {
    const before = objectWith({ ...ready(1), phase: "active" } as CommonStatus);
    const status = statusToApply(before, undefined, standardConditions(before, waiting("x")), NOW)?.["status"];
    expect(status).toMatchObject({ phase: "active" });
  });

  test("the UID goes along, so that a status never makes or hits another object of the name", () => {
    expect(statusToApply(objectWith(), {}, [], NOW)?.metadata.uid).toBe("u");
  });
});
