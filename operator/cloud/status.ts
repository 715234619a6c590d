import type { Cloud, CloudStatusEndpoints } from "#operator/api/generated/cloud.ts";
import { findCondition, type NewCondition } from "#runtime/api/conditions.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";

/** What is observed of a Cloud; each is a condition. */
export const aspects = ["IdentityReady", "KeyManagerReady", "CatalogReady", "HypervisorReady"] as const;
export type Aspect = (typeof aspects)[number];

/** What one look at an aspect found. */
export type Finding =
  | { readonly kind: "good"; readonly message: string }
  /** Something is missing or wrong that a person is to mend. `awaited` follows "waiting for". */
  | { readonly kind: "bad"; readonly reason: string; readonly awaited: string };

export interface CloudReport {
  readonly cloud: Cloud;
  readonly endpoints: CloudStatusEndpoints | undefined;
  readonly findings: ReadonlyMap<Aspect, Finding>;
}

export function cloudStatus({ cloud, endpoints, findings }: CloudReport): StatusReport<Cloud> {
  return {
    fields: { ...(endpoints === undefined ? {} : { endpoints }) },
    conditions: aspects.map((type) => conditionOf(type, findings.get(type), cloud)),
  };
}

function conditionOf(type: Aspect, finding: Finding | undefined, cloud: Cloud): NewCondition {
  if (finding === undefined) {
    const previous = findCondition(cloud.status?.conditions, type);
    return previous ?? { type, status: "Unknown", reason: "NotReached", message: "Earlier checks come first" };
  }
  return finding.kind === "good"
    ? { type, status: "True", reason: "Success", message: finding.message }
    : { type, status: "False", reason: finding.reason, message: `Waiting for ${finding.awaited}` };
}
