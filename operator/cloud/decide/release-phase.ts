import type { CloudStatus } from "#operator/api/generated/cloud.ts";
import type { ReleaseDecision } from "./release.ts";

type Status = NonNullable<CloudStatus["release"]>;
export type Phase = NonNullable<Status["phase"]>;

/** What a pass says of the release before it has looked: another wish begins anew, else what the last one said. Pure. */
export function phaseAtStart(decision: ReleaseDecision, wanted: string, last: Status | undefined): Phase {
  if (last?.target === wanted && last.phase !== undefined) return last.phase;
  switch (decision.kind) {
    case "upgrade":
      return "Expanding";
    case "rollBack":
      return "RollingBack";
    default:
      return last?.deployed === undefined ? "Deploying" : "Settled";
  }
}

/** And when everything of the release that is wanted serves. */
export function phaseAtEnd(decision: ReleaseDecision, contract: "Automatic" | "Manual"): Phase {
  if (decision.kind !== "upgrade") return "Settled";
  return contract === "Manual" ? "Soaking" : "Contracting";
}
