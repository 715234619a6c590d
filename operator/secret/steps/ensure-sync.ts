import { type CoreSecret, coreSecrets } from "#operator/api/foreign.ts";
import { keyOf } from "#runtime/api/object.ts";
import { invalid, type Outcome, settled } from "#runtime/controller/outcome.ts";
import {
  frameFits,
  isManaged,
  isSyncedFor,
  SECRET_LABEL,
  type SyncedFrame,
  syncedFrame,
  syncedPatch,
  syncedSecret,
  syncedState,
} from "../children.ts";
import { hasMac, macOf } from "../mac.ts";
import { type SecretScope, set } from "../scope.ts";
import { currentOf, type Version } from "../version.ts";
import { removeOld } from "./remove-old.ts";

/**
 * Keeps the core Secret of `syncTo` as it should be. At rest Barbican is not asked: what the core Secret holds is
 * compared by a keyed MAC, which nobody who edits it can make.
 */
export async function ensureSync(scope: SecretScope): Promise<Outcome> {
  const { syncTo } = scope.secret.spec;
  await removeSynced(scope, syncTo?.name);
  if (syncTo === undefined) return settled();
  const current = currentOf(set(scope.versions, "versions"));
  if (current?.state !== "ready") return settled();

  const name = scope.secret.metadata.name;
  const found = scope.context.cache.get(coreSecrets, {
    namespace: scope.secret.metadata.namespace ?? "",
    name: syncTo.name,
  });
  if (found !== undefined && !isSyncedFor(found, name)) {
    // Old versions go all the same: else each rotation would add one for as long as the name is taken.
    await removeOld(scope);
    return invalid("spec.syncTo.name", `${whose(found)} and is not touched; name another, or delete it`);
  }
  if (found === undefined || !(await isRight(scope, found, current))) await write(scope, found, current);
  scope.synced = { name: syncTo.name, key: syncTo.key, version: current.version };
  return settled();
}

/** Deletes the core Secrets that an earlier spec asked for. After a change all are looked through, else the last one. */
async function removeSynced(scope: SecretScope, except: string | undefined): Promise<void> {
  const { cache } = scope.context;
  const { namespace = "" } = scope.secret.metadata;
  const { synced } = scope;
  const last = synced === undefined ? undefined : cache.get(coreSecrets, { namespace, name: synced.name });
  const suspects = scope.changed ? cache.list(coreSecrets, namespace) : last === undefined ? [] : [last];
  await removeAll(
    scope,
    suspects.filter(({ metadata }) => metadata.name !== except),
  );
  if (synced !== undefined && synced.name !== except) scope.synced = undefined;
}

/**
 * The core Secret would be collected with its owner; it goes at once, since it holds a payload. A namespace that is not
 * watched any more, because its Project is gone, is left to the collector.
 */
export async function unsync(scope: SecretScope): Promise<Outcome> {
  const { cache } = scope.context;
  const { namespace = "" } = scope.secret.metadata;
  if (cache.hasSynced(coreSecrets, namespace)) await removeAll(scope, cache.list(coreSecrets, namespace));
  return settled();
}

async function removeAll(scope: SecretScope, suspects: readonly CoreSecret[]): Promise<void> {
  for (const found of suspects) {
    if (!isSyncedFor(found, scope.secret.metadata.name)) continue;
    await scope.context.kube.delete(coreSecrets, keyOf(found), { uid: found.metadata.uid });
    scope.context.event("Normal", "SyncRemoved", `core Secret ${found.metadata.name} is removed`);
  }
}

async function isRight(scope: SecretScope, found: CoreSecret, current: Version): Promise<boolean> {
  const { version, mac } = syncedState(found);
  if (version !== current.version || mac === undefined) return false;
  const { syncTo } = scope.secret.spec;
  const value = Buffer.from(found.data?.[syncTo?.key ?? ""] ?? "", "base64");
  const same = hasMac(await scope.deps.macKey(), scope.owner, syncUse(current), value, mac);
  return same === true && frameFits(found, frameOf(scope, current, mac));
}

async function write(scope: SecretScope, found: CoreSecret | undefined, current: Version): Promise<void> {
  const { kube } = scope.context;
  const { keys } = set(scope.home, "home");
  const { name } = set(scope.secret.spec.syncTo, "spec.syncTo");
  const reason = { object: `secrets.nephele.dev ${scope.owner.object}`, purpose: `sync to core Secret ${name}` };
  const payload = await keys.readPayload(current.parts.secret, reason);
  if (payload === undefined) throw new Error(`version ${current.version} went from Barbican while it was read`);
  const mac = macOf(await scope.deps.macKey(), scope.owner, syncUse(current), payload);
  const frame = frameOf(scope, current, mac);
  if (found !== undefined && found.immutable !== true && found.type === "Opaque") {
    await kube.mergePatch(coreSecrets, keyOf(found), syncedPatch(found, frame, payload));
    if (syncedState(found).version === current.version)
      scope.context.event(
        "Warning",
        "CorrectedDrift",
        `core Secret ${name} was changed by somebody else and is as it should be again`,
      );
    return;
  }
  // What cannot be patched is made anew. A create, not an apply: it never lands on a Secret that somebody else made.
  if (found !== undefined) await kube.delete(coreSecrets, keyOf(found), { uid: found.metadata.uid });
  await kube.create(coreSecrets, syncedSecret(frame, payload));
  scope.context.event("Normal", "Synced", `core Secret ${name} holds version ${current.version}`);
}

function frameOf(scope: SecretScope, current: Version, mac: string): SyncedFrame {
  return syncedFrame(scope.secret, set(scope.secret.spec.syncTo, "spec.syncTo"), current.version, mac);
}

function syncUse(current: Version): string {
  return `sync ${current.version}`;
}

function whose(found: CoreSecret): string {
  const name = found.metadata.name;
  const other = found.metadata.labels?.[SECRET_LABEL];
  if (other !== undefined && isManaged(found)) return `core Secret ${name} is synced from Secret ${other}`;
  return `core Secret ${name} exists, was not made by this Secret`;
}
