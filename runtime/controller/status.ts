import { type Condition, findCondition, mergeConditions, type NewCondition } from "../api/conditions.ts";
import type { Desired, KubeObject } from "../api/object.ts";
import { alreadyApplied } from "../client/applied.ts";
import type { Outcome } from "./outcome.ts";

/** A pass that threw: nothing is known to be wrong with the object, only that it could not be looked after. */
export interface Failed {
  readonly kind: "failed";
  readonly error: Error;
}

export type PassResult = Outcome | Failed;

/** The part of a status that every kind of ours has. */
export interface CommonStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/**
 * Ready, Reconciling and Stalled as kstatus reads them (sigs.k8s.io/cli-utils, "kstatus"): at most one of the last two
 * is True; Ready=True only when all is as wanted. A pass that failed keeps the last Ready of this generation: a
 * service that is away for a moment does not undo what was made.
 */
export function standardConditions(
  object: KubeObject<unknown, CommonStatus>,
  result: PassResult,
): readonly NewCondition[] {
  if (object.metadata.deletionTimestamp !== undefined) return deletingConditions(result);
  switch (result.kind) {
    case "settled":
      return [
        condition("Ready", "True", "Success", result.message ?? "All is as the spec says"),
        condition("Reconciling", "False", "Success", ""),
        condition("Stalled", "False", "Success", ""),
      ];
    case "waiting": {
      const [reason, message] = [result.reason ?? "Progressing", `Waiting for ${result.for}`];
      return [
        condition("Ready", "False", reason, message),
        condition("Reconciling", "True", reason, message),
        condition("Stalled", "False", reason, ""),
      ];
    }
    case "blocked":
      return [
        condition("Ready", "False", result.reason, result.message),
        condition("Reconciling", "False", result.reason, ""),
        condition("Stalled", "True", result.reason, result.message),
      ];
    case "failed": {
      const last = findCondition(object.status?.conditions, "Ready");
      const keeps = last?.status === "True" && last.observedGeneration === object.metadata.generation;
      const message = result.error.message;
      return [
        keeps ? last : condition("Ready", "False", "TransientError", message),
        condition("Reconciling", "True", "TransientError", message),
        condition("Stalled", "False", "TransientError", ""),
      ];
    }
    default:
      return result satisfies never;
  }
}

function deletingConditions(result: PassResult): readonly NewCondition[] {
  const reason = result.kind === "failed" ? "TransientError" : result.kind === "blocked" ? result.reason : "Deleting";
  const detail =
    result.kind === "failed"
      ? `: ${result.error.message}`
      : result.kind === "waiting"
        ? `: waiting for ${result.for}`
        : result.kind === "blocked"
          ? `: ${result.message}`
          : "";
  const message = `Being deleted${detail}`;
  return [
    condition("Ready", "False", reason, message),
    condition("Reconciling", result.kind === "blocked" ? "False" : "True", reason, message),
    condition(
      "Stalled",
      result.kind === "blocked" ? "True" : "False",
      reason,
      result.kind === "blocked" ? message : "",
    ),
  ];
}

/**
 * What a person sees of an object with `nephele.dev/paused: "true"`: why nothing moves, and what was found last. Others
 * read that too: the kind's own conditions say what is in place, and pausing takes nothing away.
 */
export function pausedConditions(object: KubeObject<unknown, CommonStatus>): readonly NewCondition[] {
  const message = "nephele.dev/paused is true: nothing is done until it is taken away";
  const last = object.status?.conditions ?? [];
  const standard = [
    findCondition(last, "Ready") ?? condition("Ready", "Unknown", "Paused", message),
    condition("Reconciling", "False", "Paused", message),
    condition("Stalled", "False", "Paused", ""),
  ];
  return [...standard, ...last.filter(({ type }) => standard.every((other) => other.type !== type))];
}

/**
 * The status to apply, or undefined where the API server has it already.
 * @param fields the kind's own fields, all of them; undefined keeps what is there
 */
export function statusToApply(
  object: KubeObject<unknown, CommonStatus>,
  fields: Readonly<Record<string, unknown>> | undefined,
  conditions: readonly NewCondition[],
  now: Date,
): Desired | undefined {
  const generation = object.metadata.generation;
  const kept = fields ?? withoutCommon(object.status);
  const next = {
    ...withoutUndefined(kept),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: mergeConditions(object.status?.conditions, conditions, generation, now),
  };
  const same = alreadyApplied(object.status, next) && alreadyApplied(next, object.status);
  if (same) return undefined;
  const { name, namespace, uid } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    // The UID makes sure that a status never lands on, or makes, another object of the same name.
    metadata: { name, uid, ...(namespace === undefined ? {} : { namespace }) },
    status: next,
  };
}

function withoutCommon(status: CommonStatus | undefined): Readonly<Record<string, unknown>> {
  const { conditions: _conditions, observedGeneration: _generation, ...rest } = status ?? {};
  return rest;
}

function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function condition(type: string, status: NewCondition["status"], reason: string, message: string): NewCondition {
  return { type, status, reason, message };
}
