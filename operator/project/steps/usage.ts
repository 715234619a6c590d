import { secrets } from "#operator/api/resources.ts";
import { quotaContents } from "#operator/quota-contents.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { ProjectScope } from "../scope.ts";
import { upToDate } from "../up-to-date.ts";
import { usage } from "../usage.ts";

/** Many Servers that are made at once are one write of status, not one each. */
const RECOUNT_MS = 2_000;

/** When each Project was last counted, by UID. Forgotten at a restart, which counts again. */
export type UsageClock = Map<string, number>;

/** Counts what the quota speaks of. */
export function countUsage(clock: UsageClock): (scope: ProjectScope) => Promise<Outcome> {
  return async ({ project, cache, namespace, now, facts }) => {
    const wait = (clock.get(project.metadata.uid) ?? 0) + RECOUNT_MS - now.getTime();
    if (wait > 0) return settled({ pollAfterMs: wait });
    const used = usage({
      ...quotaContents(namespace, cache),
      secrets: cache.list(secrets, namespace),
    });
    if (upToDate(facts.used, used)) return settled();
    clock.set(project.metadata.uid, now.getTime());
    facts.used = used;
    return settled();
  };
}
