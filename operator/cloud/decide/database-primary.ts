import type { Pod } from "#operator/api/foreign.ts";
import { type Condition, isTrue } from "#runtime/api/conditions.ts";
import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { LEASE_SECONDS, PRIMARY, ROLE_LABEL } from "../children/postgresql-config.ts";

/**
 * Whether a member of PostgreSQL takes writes: Patroni says of one that it is the primary, and that one is ready. One that is
 * frozen, or whose node is gone, still has the label and does not answer. Pure.
 * @param members the pods of a Cloud's PostgreSQL
 */
export function primaryOf(members: readonly Pod[]): Outcome {
  const primaries = members.filter(({ metadata }) => metadata.labels?.[ROLE_LABEL] === PRIMARY);
  const answering = primaries.find(({ status }) => isTrue(status?.conditions as readonly Condition[], "Ready"));
  if (answering !== undefined) return settled();
  const [silent] = primaries;
  if (silent === undefined) return waiting("a member of PostgreSQL to take writes: none is the primary yet");
  const others = members.length - 1;
  const next =
    others > 0
      ? `another takes its place once its lease of ${LEASE_SECONDS} s is over`
      : "it is the only one: kubelet starts it anew where it stays so for a minute";
  return waiting(`PostgreSQL to take writes: ${silent.metadata.name} is the primary and does not answer; ${next}`);
}
