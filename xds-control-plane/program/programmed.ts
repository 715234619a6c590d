import type { Condition, NewCondition } from "#runtime/api/conditions.ts";
import type { Rejections } from "./rejections.ts";

const reason = "Rejected";

/** How long what another replica heard is left to it, milliseconds: it says when that is over, unless it has gone itself. */
const leftMs = 10 * 60_000;

/**
 * Programmed as the view has it, unless proxies reject what they were sent. Rejections are heard by the replica that a proxy is
 * connected to, and not by the others: these leave what it says alone for ten minutes, so that no two write against each other.
 */
export function withRejections(
  conditions: readonly NewCondition[],
  held: readonly Condition[] | undefined,
  proxies: readonly string[],
  rejections: Rejections,
  now: Date,
): readonly NewCondition[] {
  return conditions.map((condition) => {
    if (condition.type !== "Programmed" || condition.status !== "True") return condition;
    for (const proxy of proxies) {
      const text = rejections.of(proxy);
      if (text !== undefined)
        return { ...condition, status: "False", reason, message: `${proxy} rejected it: ${text}` };
    }
    const before = held?.find(({ type }) => type === "Programmed");
    if (before?.reason !== reason || proxies.some((proxy) => rejections.isKnown(proxy))) return condition;
    return now.getTime() - Date.parse(before.lastTransitionTime) < leftMs ? before : condition;
  });
}
