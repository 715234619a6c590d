import { timeText } from "./time.ts";

/** A condition as metav1.Condition has it; Kubernetes API conventions, "Typical status properties". */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/** A condition before it is known when it last changed. */
export interface NewCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** The generation that it speaks of, where that is an earlier one than the pass looked at: what is kept, not found out anew. */
  readonly observedGeneration?: number;
}

/** API conventions allow 32,768 characters; a person reads fewer. */
const MESSAGE_LIMIT = 1024;

/** Names one request, and so is another one each time. */
const REQUEST_ID = /req-[0-9a-f-]{36}/g;

/**
 * The conditions to write: those of `next`, in order, where each keeps the time of its last change of status from
 * `previous`, one that is kept as it was speaks of the generation that it was found out for, and a message in which only the request's id is another one keeps the id that it had. So a pass that finds
 * nothing new writes nothing new, and does not wake itself.
 */
export function mergeConditions(
  previous: readonly Condition[] | undefined,
  next: readonly NewCondition[],
  generation: number | undefined,
  now: Date,
): Condition[] {
  return next.map((condition) => {
    const before = previous?.find((other) => other.type === condition.type);
    const message = condition.message.slice(0, MESSAGE_LIMIT);
    const spokenOf = condition.observedGeneration ?? generation;
    const lastTransitionTime =
      before !== undefined && before.status === condition.status ? before.lastTransitionTime : timeText(now);
    return {
      type: condition.type,
      status: condition.status,
      reason: condition.reason,
      message: before !== undefined && saysTheSame(before.message, message) ? before.message : message,
      ...(spokenOf === undefined ? {} : { observedGeneration: spokenOf }),
      lastTransitionTime,
    };
  });
}

function saysTheSame(one: string, other: string): boolean {
  return one === other || one.replaceAll(REQUEST_ID, "req-") === other.replaceAll(REQUEST_ID, "req-");
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True";
}
