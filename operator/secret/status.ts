import type { Secret, SecretStatus, SecretStatusVersion } from "#operator/api/generated/secret.ts";
import { timeText } from "#runtime/api/time.ts";
import type { StatusReport } from "#runtime/controller/definition.ts";
import { currentOf, type Version } from "./version.ts";

/** What the status is made of; a pass that ended early knows some of it only. */
export interface Observed {
  /** Undefined where the pass did not come to look: then all stays as it was. */
  readonly versions: readonly Version[] | undefined;
  /** Gives people's addresses to the parts of a version. */
  readonly refOf: ((kind: "secrets" | "orders" | "containers", id: string) => string) | undefined;
  readonly nextRotation: Date | undefined;
  readonly synced: SecretStatus["syncedTo"];
  /** Names of the Servers that use it. */
  readonly servers: readonly string[];
}

/** The status lists this many consumers; `usedBy` counts them all. */
const CONSUMERS_SHOWN = 100;

export function statusOf(secret: Secret, observed: Observed): StatusReport<Secret> {
  const used = {
    usedBy: observed.servers.length,
    consumers: observed.servers
      .toSorted()
      .slice(0, CONSUMERS_SHOWN)
      .map((name) => ({ kind: "Server", name })),
  };
  const { versions, refOf, synced, nextRotation } = observed;
  if (versions === undefined || refOf === undefined) {
    const { conditions: _conditions, observedGeneration: _generation, ...rest } = secret.status ?? {};
    return { fields: { ...rest, ...used } };
  }
  const current = currentOf(versions);
  const number = Math.max(current?.version ?? 0, secret.status?.version ?? 0);
  return {
    fields: {
      ...(number === 0 ? {} : { version: number }),
      ...(current?.expiresAt === undefined ? {} : { expiresAt: timeText(current.expiresAt) }),
      ...(nextRotation === undefined ? {} : { nextRotation: timeText(nextRotation) }),
      versions: versions.map((version) => entryOf(version, refOf)),
      ...(synced === undefined ? {} : { syncedTo: synced }),
      ...used,
    },
  };
}

function entryOf(version: Version, refOf: NonNullable<Observed["refOf"]>): SecretStatusVersion {
  const { secret, publicKey, container, order } = version.parts;
  return {
    version: version.version,
    refs: {
      secret: refOf("secrets", secret),
      ...(publicKey === undefined ? {} : { publicKey: refOf("secrets", publicKey) }),
      ...(container === undefined ? {} : { container: refOf("containers", container) }),
      ...(order === undefined ? {} : { order: refOf("orders", order) }),
    },
    createdAt: timeText(version.createdAt),
    ...(version.expiresAt === undefined ? {} : { expiresAt: timeText(version.expiresAt) }),
    ...(version.mac === undefined ? {} : { mac: version.mac }),
  };
}
