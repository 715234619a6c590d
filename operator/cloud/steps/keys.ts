import { randomUUID } from "node:crypto";
import { type CoreSecret, coreSecrets, persistentVolumeClaims } from "#operator/api/foreign.ts";
import { keyOf } from "#runtime/api/object.ts";
import { isApiError } from "#runtime/client/errors.ts";
import { type Outcome, settled, unrecoverable } from "#runtime/controller/outcome.ts";
import { custodyRecord, keySecret, keySetOf, valuesOf } from "../children/custody.ts";
import { claimName } from "../children/postgresql.ts";
import { decideCustody } from "../decide/custody.ts";
import { type HeldKey, heldKeys, type Values } from "../decide/key-table.ts";
import type { CloudDeployment } from "../deployment.ts";
import { keyStatus } from "../key-status.ts";
import { custodyName, type KeyName, secretNames } from "../names.ts";
import { type ConfigMap, configMaps } from "../resources.ts";
import type { CloudScope } from "../scope.ts";

/** Making, and recording, and what is there: each changes what is to be decided next. */
const MOST_TURNS = 4;
const LOST_POLL_MS = 60_000;

/** Holds the Cloud's keys: makes those of a new Cloud, and says loudly where some are lost or damaged. */
export async function holdKeys(scope: CloudScope, deployment: CloudDeployment): Promise<Outcome> {
  const keys = heldKeys(deployment);
  const { cloud } = deployment;
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const secrets = readSecrets(scope, keys);
    const record = recordOf(scope);
    const held = new Map([...secrets].map(([name, secret]) => [name, valuesOf(secret)]));
    const recorded = record === undefined ? undefined : new Set(Object.keys(record.data ?? {}));
    const dataExists = held.size < keys.length && recorded === undefined && (await hasVolume(scope, deployment));
    const keySet = keySetOf(record, secrets.values()) ?? randomUUID();
    const decision = decideCustody({ keys, held, recorded, dataExists });
    switch (decision.kind) {
      case "make":
        for (const key of decision.keys) await makeKey(scope, deployment, key, keySet);
        break;
      case "record":
        await scope.kube.apply(configMaps, custodyRecord(cloud, keySet, decision.names), {
          fieldOwner: scope.fieldOwner("custody"),
          force: true,
        });
        break;
      case "lost":
        return alarm(scope, "KeysLost", lostMessage(scope, decision.keys));
      case "damaged": {
        const where = `core Secret ${namespaceOf(scope)}/${secretNames[decision.name](cloud)}`;
        return alarm(scope, "KeysDamaged", `${where} was changed: ${decision.problem}. Put it back from a backup`);
      }
      case "held": {
        scope.custody = { keySet, values: (name) => held.get(name) ?? ({} as Values) };
        // Those in tokens are looked at later (steps/secret-stores.ts).
        scope.keys = [
          ...keyStatus(deployment, keys, secrets),
          ...(cloud.status?.keys ?? []).filter(({ custody }) => custody === "Token"),
        ];
        return settled({ message: `${keys.length} kinds of keys are held, in software` });
      }
      default:
        return decision satisfies never;
    }
  }
  throw new Error("the keys that were made are not in the cache yet");
}

/** The record of the Cloud's keys, which outlives the Cloud as its data does; undefined where there is none. */
export function recordOf({ cache, object }: CloudScope): ConfigMap | undefined {
  return cache.get(configMaps, { namespace: object.metadata.namespace ?? "", name: custodyName(object) });
}

/** The core Secrets of the Cloud's keys that there are. */
export function readSecrets(scope: CloudScope, keys: readonly HeldKey[]): ReadonlyMap<KeyName, CoreSecret> {
  const found = new Map<KeyName, CoreSecret>();
  for (const { name } of keys) {
    const key = { namespace: namespaceOf(scope), name: secretNames[name](scope.object) };
    const secret = scope.cache.get(coreSecrets, key);
    if (secret !== undefined) found.set(name, secret);
  }
  return found;
}

/** Whether a volume of the bundled database is there, of this Cloud or of one before it. */
export async function hasVolume(scope: CloudScope, deployment: CloudDeployment): Promise<boolean> {
  if (deployment.database.kind === "external") return false;
  const key = { namespace: namespaceOf(scope), name: claimName(deployment, 0) };
  return (await scope.kube.get(persistentVolumeClaims, key)) !== undefined;
}

async function makeKey(scope: CloudScope, { cloud }: CloudDeployment, key: HeldKey, keySet: string): Promise<void> {
  const desired = keySecret(cloud, key, keySet);
  try {
    // A create, which never takes the place of one that is there.
    await scope.kube.create(coreSecrets, desired);
    scope.event("Normal", "KeyMade", `core Secret ${desired.metadata.name} was made: keep a backup of it`);
  } catch (error) {
    if (!isApiError(error, "AlreadyExists")) throw error;
    throw new Error(`core Secret ${keyOf(desired).name} is there and not in the cache yet`, { cause: error });
  }
}

function lostMessage(scope: CloudScope, lost: readonly HeldKey[]): string {
  const names = lost.map(({ name }) => secretNames[name](scope.object)).join(", ");
  const effects = lost.map(({ lost: effect }) => effect).join("; ");
  const namespace = namespaceOf(scope);
  return (
    `core Secret ${names} in ${namespace} is gone, and data exists that needs it: put it back from a backup. ` +
    `Without it: ${effects}. It is not made anew over the data; whoever accepts that loss takes its line out of ConfigMap ${namespace}/${custodyName(scope.object)}`
  );
}

function alarm(scope: CloudScope, reason: string, message: string): Outcome {
  scope.event("Warning", reason, message);
  return unrecoverable(message, { pollAfterMs: LOST_POLL_MS });
}

function namespaceOf({ object }: CloudScope): string {
  return object.metadata.namespace ?? "";
}
