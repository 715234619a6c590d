import type { CoreSecret } from "#operator/api/foreign.ts";
import type { Cloud } from "#operator/api/generated/cloud.ts";
import { MANAGED_BY } from "#operator/api/marks.ts";
import { CLOUD_LABEL } from "#operator/clients/cloud-connection.ts";
import type { Desired } from "#runtime/api/object.ts";
import type { HeldKey, Values } from "../decide/key-table.ts";
import type { SchemaSpan } from "../decide/release.ts";
import type { RestoreNote } from "../decide/restore.ts";
import { custodyName, type KeyName, secretNames } from "../names.ts";
import type { ConfigMap } from "../resources.ts";
import { secretData } from "./metadata.ts";

/** Marks core Secrets that we made: no object may name one as its source (crds/policies/references.yaml). */
const NEVER_A_SOURCE = "nephele.dev/managed-by";
/** All keys of one Cloud carry the same; the databases' mark names it. */
const KEY_SET = "nephele.dev/key-set";
/** The oldest and the newest release that the databases' schemas serve. */
const SCHEMA_OLDEST = "nephele.dev/schema-oldest";
const SCHEMA_NEWEST = "nephele.dev/schema-newest";
/** The backup that the Cloud began with, and when all of it was back. */
const RESTORE = "nephele.dev/restore";
const RESTORE_COMPLETED = "nephele.dev/restore-completed";
/** The backup that a key came out of; on its core Secret (programs/restore_keys.py). */
const RESTORED_FROM = "nephele.dev/restored-from";

/** A core Secret with a key that was just made. It has no owner: a Cloud's deletion does not take it along. */
export function keySecret(cloud: Cloud, { name, make }: HeldKey, keySet: string): Desired {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: secretNames[name](cloud),
      namespace: cloud.metadata.namespace ?? "",
      labels: { ...MANAGED_BY, [NEVER_A_SOURCE]: "nephele-operator", [CLOUD_LABEL]: cloud.metadata.name },
      annotations: { [KEY_SET]: keySet },
    },
    type: "Opaque",
    data: secretData(make()),
  };
}

/** The record of the keys that were made; it has no owner either. */
export function custodyRecord(cloud: Cloud, keySet: string, names: readonly KeyName[]): Desired {
  const data = Object.fromEntries(names.map((name) => [name, secretNames[name](cloud)]));
  return { ...recordWith(cloud, { [KEY_SET]: keySet }), data };
}

/** Says on the record, which outlives the Cloud as its databases do, which releases their schemas serve. */
export function schemaRecord(cloud: Cloud, { oldest, newest }: SchemaSpan): Desired {
  return recordWith(cloud, { [SCHEMA_OLDEST]: oldest, [SCHEMA_NEWEST]: newest });
}

/** Of the record, undefined until the schemas were made; of a key that came out of a backup, what that one's databases serve. */
export function schemaSpanOf(object: ConfigMap | CoreSecret | undefined): SchemaSpan | undefined {
  const oldest = object?.metadata.annotations?.[SCHEMA_OLDEST];
  const newest = object?.metadata.annotations?.[SCHEMA_NEWEST];
  return oldest === undefined || newest === undefined ? undefined : { oldest, newest };
}

/** Says on the record that the Cloud begins with a backup, before anything of it is there; and later, when all of it is. */
export function restoreRecord(cloud: Cloud, name: string, completedAt?: string): Desired {
  return recordWith(cloud, {
    [RESTORE]: name,
    ...(completedAt === undefined ? {} : { [RESTORE_COMPLETED]: completedAt }),
  });
}

/** The record with what one of its writers says: labelled, so that it is watched whoever is the first. */
function recordWith(cloud: Cloud, annotations: Readonly<Record<string, string>>): Desired {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: custodyName(cloud),
      namespace: cloud.metadata.namespace ?? "",
      labels: { ...MANAGED_BY, [CLOUD_LABEL]: cloud.metadata.name },
      annotations,
    },
  };
}

/** Undefined where the Cloud began with nothing. */
export function restoreNoteOf(record: ConfigMap | undefined): RestoreNote | undefined {
  const name = record?.metadata.annotations?.[RESTORE];
  if (name === undefined) return undefined;
  const completedAt = record?.metadata.annotations?.[RESTORE_COMPLETED];
  // They are recorded with what their databases serve, when the last of them is there.
  return { name, keysHeld: schemaSpanOf(record) !== undefined, completedAt };
}

export function restoredFrom(secret: CoreSecret): string | undefined {
  return secret.metadata.annotations?.[RESTORED_FROM];
}

/** The key set that there is already: of the record, or of any key. */
export function keySetOf(record: ConfigMap | undefined, secrets: Iterable<CoreSecret>): string | undefined {
  for (const object of [...(record === undefined ? [] : [record]), ...secrets]) {
    const keySet = object.metadata.annotations?.[KEY_SET];
    if (keySet !== undefined) return keySet;
  }
  return undefined;
}

export function valuesOf(secret: CoreSecret): Values {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
