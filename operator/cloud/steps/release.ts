import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import { schemaSpanOf } from "../children/custody.ts";
import { decideRelease } from "../decide/release.ts";
import { phaseAtStart } from "../decide/release-phase.ts";
import type { CloudDeployment } from "../deployment.ts";
import type { CloudScope } from "../scope.ts";
import { recordOf } from "./keys.ts";

/** Refuses a release that cannot be; what runs goes on. Else says what is to be done for it. */
export async function checkRelease(scope: CloudScope, { release }: CloudDeployment): Promise<Outcome> {
  const recorded = schemaSpanOf(recordOf(scope));
  // Clouds that were deployed before it was recorded have but one release.
  const there = scope.object.status?.release?.deployed;
  const span = recorded ?? (there === undefined ? undefined : { oldest: there, newest: there });
  const decision = decideRelease({ wanted: release, span });
  if (decision.kind === "refuse") return invalid("spec.release", decision.problem);
  scope.plan = { decision, span, recorded: recorded !== undefined };
  const { deployed } = scope.release ?? {};
  scope.release = {
    ...(deployed === undefined ? {} : { deployed }),
    target: release,
    phase: phaseAtStart(decision, release, scope.release),
    ...(decision.kind === "upgrade" && span?.newest === release ? { rollbackTo: decision.from } : {}),
  };
  return settled();
}
