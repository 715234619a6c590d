import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import type { CloudDeployment } from "../deployment.ts";
import { releaseProblem } from "../releases.ts";
import type { CloudScope } from "../scope.ts";

/** Refuses a release that cannot be deployed; what runs goes on. */
export async function checkRelease(scope: CloudScope, { release }: CloudDeployment): Promise<Outcome> {
  const there = scope.object.status?.release?.deployed;
  const problem = releaseProblem(release, there);
  if (problem !== undefined) return invalid("spec.release", problem);
  if (there === undefined) scope.release = { target: release, phase: "Deploying" };
  return settled();
}
