import type { Cloud, CloudStatus } from "#operator/api/generated/cloud.ts";
import { isDeployed } from "#operator/clients/cloud-connection.ts";
import { type StepResult, stepCondition } from "#operator/step-condition.ts";
import { findCondition } from "#runtime/api/conditions.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";

/** What is observed of every Cloud; each is a condition. */
const everywhere = ["IdentityReady", "KeyManagerReady", "CatalogReady", "HypervisorReady"] as const;
/** And of one whose workloads are registered with SPIRE. */
const ofRegistered = ["WorkloadsRegistered"] as const;
/** And of one whose pods have sidecars. */
const ofMesh = ["MeshReady"] as const;
/** And of one that has an edge. */
const ofEdge = ["GatewayReady"] as const;
/** And of one with stores in PKCS#11 tokens. */
const ofTokens = ["StoresReady"] as const;
/** And of one that has backups, of one that tries them, and of one that begins with a backup. */
const ofBackedUp = ["BackupReady"] as const;
const ofDrilled = ["Drilled"] as const;
const ofRestored = ["Restored"] as const;
/** And of one that is deployed, in the order in which it comes to be. */
const ofDeployed = ["KeysReady", "DatabaseReady", "CacheReady", "SchemaReady", "Confined"] as const;

export type Aspect =
  | (typeof everywhere)[number]
  | (typeof ofDeployed)[number]
  | (typeof ofRegistered)[number]
  | (typeof ofMesh)[number]
  | (typeof ofEdge)[number]
  | (typeof ofTokens)[number]
  | (typeof ofBackedUp)[number]
  | (typeof ofDrilled)[number]
  | (typeof ofRestored)[number];
export type AspectResult = StepResult;

export interface CloudReport {
  readonly cloud: Cloud;
  readonly endpoints: CloudStatus["endpoints"];
  readonly keys: CloudStatus["keys"];
  readonly release: CloudStatus["release"];
  readonly backup: CloudStatus["backup"];
  readonly restore: CloudStatus["restore"];
  readonly results: ReadonlyMap<Aspect, AspectResult>;
  /** Whether there is a SPIRE that workloads are registered with. */
  readonly isRegistered: boolean;
  /** Whether pods have sidecars. */
  readonly isInMesh: boolean;
}

export function cloudStatus(report: CloudReport): StatusReport<Cloud> {
  const { cloud, endpoints, keys, release, backup, restore, results, isRegistered, isInMesh } = report;
  const aspects: readonly Aspect[] = isDeployed(cloud)
    ? [
        ...(cloud.spec.restore === undefined ? [] : ofRestored),
        ...ofDeployed,
        ...(cloud.spec.keyManager.stores?.some(({ pkcs11 }) => pkcs11 !== undefined) === true ? ofTokens : []),
        ...(cloud.spec.backup === undefined ? [] : ofBackedUp),
        ...(cloud.spec.backup?.drill === undefined ? [] : ofDrilled),
        ...(isRegistered ? ofRegistered : []),
        ...(isInMesh ? ofMesh : []),
        ...(cloud.spec.gateway === undefined ? [] : ofEdge),
        ...everywhere,
      ]
    : everywhere;
  const previous = cloud.status?.conditions;
  return {
    fields: {
      ...(endpoints === undefined ? {} : { endpoints }),
      ...(keys === undefined ? {} : { keys }),
      ...(release === undefined ? {} : { release }),
      ...(backup === undefined ? {} : { backup }),
      ...(restore === undefined ? {} : { restore }),
    },
    conditions: aspects.map((type) => stepCondition(type, results.get(type), findCondition(previous, type))),
  };
}
