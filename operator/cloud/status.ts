import type { Cloud, CloudStatus } from "#operator/api/generated/cloud.ts";
import { isDeployed } from "#operator/clients/cloud-connection.ts";
import { type Condition, findCondition, type NewCondition } from "#runtime/api/conditions.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import type { Outcome } from "#runtime/controller/outcome.ts";

/** What is observed of every Cloud; each is a condition. */
const everywhere = ["IdentityReady", "KeyManagerReady", "CatalogReady", "HypervisorReady"] as const;
/** And of one that is deployed, in the order in which it comes to be. */
const ofDeployed = ["KeysReady", "DatabaseReady", "CacheReady", "SchemaReady", "Confined"] as const;

export type Aspect = (typeof everywhere)[number] | (typeof ofDeployed)[number];
export type AspectResult = Outcome | { readonly kind: "failed"; readonly error: Error };

export interface CloudReport {
  readonly cloud: Cloud;
  readonly endpoints: CloudStatus["endpoints"];
  readonly keys: CloudStatus["keys"];
  readonly release: CloudStatus["release"];
  readonly results: ReadonlyMap<Aspect, AspectResult>;
}

export function cloudStatus({ cloud, endpoints, keys, release, results }: CloudReport): StatusReport<Cloud> {
  const aspects: readonly Aspect[] = isDeployed(cloud) ? [...ofDeployed, ...everywhere] : everywhere;
  const previous = cloud.status?.conditions;
  return {
    fields: {
      ...(endpoints === undefined ? {} : { endpoints }),
      ...(keys === undefined ? {} : { keys }),
      ...(release === undefined ? {} : { release }),
    },
    conditions: aspects.map((type) => conditionOf(type, results.get(type), findCondition(previous, type))),
  };
}

function conditionOf(type: Aspect, result: AspectResult | undefined, previous: Condition | undefined): NewCondition {
  switch (result?.kind) {
    case undefined:
      return previous ?? { type, status: "Unknown", reason: "NotReached", message: "Earlier steps come first" };
    case "settled":
      return { type, status: "True", reason: "Success", message: result.message ?? "" };
    case "waiting":
      return { type, status: "False", reason: result.reason ?? "Progressing", message: `Waiting for ${result.for}` };
    case "blocked":
      return { type, status: "False", reason: result.reason, message: result.message };
    case "failed":
      if (previous?.status === "True") return previous;
      return { type, status: "Unknown", reason: "TransientError", message: result.error.message };
    default:
      return result satisfies never;
  }
}
