import { type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import { type CloudScope, unwellPoll, wellPoll } from "../scope.ts";

/** What a Cloud can be without: Projects and Secrets need no hypervisor, all works slowly without a cache. */
const NOT_NEEDED: readonly string[] = ["HypervisorReady", "CacheReady", "Confined"];

/** Ready when all that is needed is. */
export async function conclude(scope: CloudScope): Promise<Outcome> {
  const bad = [...scope.results].flatMap(([aspect, result]) =>
    result.kind === "waiting" && !NOT_NEEDED.includes(aspect) ? [result] : [],
  );
  const [first] = bad;
  if (first !== undefined) {
    return waiting(bad.map(({ for: awaited }) => awaited).join("; "), {
      ...(first.reason === undefined ? {} : { reason: first.reason }),
      pollAfterMs: unwellPoll(scope),
    });
  }
  const { deployment } = scope;
  if (deployment !== undefined)
    scope.release = { deployed: deployment.release, target: deployment.release, phase: "Settled" };
  return settled({ message: "Keystone and Barbican answer", pollAfterMs: wellPoll(scope) });
}
