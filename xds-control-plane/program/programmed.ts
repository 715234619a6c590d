import type { Condition, NewCondition } from "#runtime/api/conditions.ts";
import type { Rejections } from "./rejections.ts";

const reason = "Rejected";

/** How long what another replica heard is left to it, milliseconds: it says when that is over, unless it has gone itself. */
const leftMs = 10 * 60_000;

/**
 * Programmed as the view has it, unless proxies reject what they were sent. Rejections are heard by the replica that a proxy is
 * connected to, and not by the others. Who heard one stands at the beginning of the message, where no limit of its length cuts
 * it off, and for ten minutes nobody else says anything different, not even of a rejection of its own: so no two replicas write
 * against each other.
 */
export function withRejections(
  conditions: readonly NewCondition[],
  held: readonly Condition[] | undefined,
  proxies: readonly string[],
  rejections: Rejections,
  now: Date,
): readonly NewCondition[] {
  const heardHere = `${rejections.replica} heard: `;
  return conditions.map((condition) => {
    if (condition.type !== "Programmed" || condition.status !== "True") return condition;
    const before = held?.find(({ type }) => type === "Programmed");
    const isOthers = before?.reason === reason && !before.message.startsWith(heardHere);
    if (isOthers && now.getTime() - Date.parse(before.lastTransitionTime) < leftMs) return before;
    for (const proxy of proxies) {
      const text = rejections.of(proxy);
      if (text !== undefined)
        return { ...condition, status: "False", reason, message: `${heardHere}${proxy} rejected it: ${text}` };
    }
    return condition;
  });
}
