import {
  type CoreSecret,
  coreSecrets,
  type VirtualMachine,
  type VirtualMachineInstance,
} from "#operator/api/foreign.ts";
import { MANAGED_BY_LABEL } from "#operator/api/marks.ts";
import { clouds } from "#operator/api/resources.ts";
import { CloudSecretError } from "#operator/clients/cloud-access.ts";
import { keyText } from "#runtime/api/object.ts";
import { invalid, type Outcome, settled, waiting } from "#runtime/controller/outcome.ts";
import {
  type FileVersion,
  filesMark,
  filesRevision,
  filesSecret,
  MADE_FROM_ANNOTATION,
  userDataMark,
  userDataSecret,
} from "../children.ts";
import { currentVersion, secretsOfServer } from "../dependencies.ts";
import { guestScript } from "../guest-script.ts";
import { INLINE_USER_DATA_LIMIT } from "../machine.ts";
import { FILES_ANNOTATION, filesSecretKey, ownership, userDataSecretKey } from "../names.ts";
import { isLive } from "../observed.ts";
import type { ServerScope } from "../scope.ts";
import { mergeUserData } from "../user-data.ts";

/** What a core Secret can carry beside its own metadata, in bytes. */
const FILES_LIMIT = 1_000_000;

/** User data is where the machine finds it: in the machine itself, or, if it is a user's or long, in a core Secret. */
export function ensureUserData(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  return orGoOn(scope, signal, userDataInPlace, (machine) => {
    const volumes = machine.spec?.template?.spec?.volumes ?? [];
    const inline = volumes.find(({ name }) => name === "cloud-init")?.cloudInitNoCloud?.userData;
    scope.userData = inline === undefined ? "secret" : { inline };
  });
}

/** The files' core Secret holds the current versions. Payloads are read only when one has changed. */
export function ensureFiles(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  scope.filesLooked = true;
  return orGoOn(scope, signal, filesInPlace, (machine) => {
    const revision = machine.spec?.template?.metadata?.annotations?.[FILES_ANNOTATION];
    if (revision !== undefined) scope.filesRevision = revision;
    scope.filesAwaited = true;
  });
}

/**
 * A machine that is there goes on with what it was given when something newer cannot be had: it can still be stopped,
 * by its Project too, started and rebooted.
 */
async function orGoOn(
  scope: ServerScope,
  signal: AbortSignal,
  newer: (scope: ServerScope, signal: AbortSignal) => Promise<Outcome>,
  withFormer: (machine: VirtualMachine) => void,
): Promise<Outcome> {
  const { machine, admissions, context } = scope;
  if (machine === undefined) {
    const outcome = await newer(scope, signal);
    // Nothing is made for it, so it takes no room.
    if (outcome.kind !== "settled") admissions.remove(context.object);
    return outcome;
  }
  try {
    const outcome = await newer(scope, signal);
    if (outcome.kind === "settled") return outcome;
    scope.held ??= outcome;
  } catch (error) {
    if (signal.aborted) throw error;
    scope.failed ??= { error };
  }
  withFormer(machine);
  return settled();
}

async function userDataInPlace(scope: ServerScope): Promise<Outcome> {
  const { context } = scope;
  const { sshKeys = [], metadata = {}, files = [], userData } = context.object.spec;
  const script = guestScript({ files: files.length > 0, links: scope.disk?.mayHoldLinks === true, metadata });
  const ours = { sshKeys, ...(script === undefined ? {} : { script }) };
  if (userData !== undefined) return fromCoreSecret(scope, userData.secretKeyRef, ours);
  const merged = mergeUserData(ours);
  if (merged.kind === "refused") return invalid("spec", merged.problem);
  if (merged.bytes.length <= INLINE_USER_DATA_LIMIT) {
    scope.userData = { inline: merged.bytes.toString("utf8") };
    return settled();
  }
  return writeUserData(scope, userDataMark("none", ours), () => merged.bytes);
}

async function fromCoreSecret(
  scope: ServerScope,
  ref: { readonly name: string; readonly key: string },
  ours: { readonly sshKeys: readonly string[]; readonly script?: string },
): Promise<Outcome> {
  const { context, key } = scope;
  const sourceKey = { namespace: key.namespace, name: ref.name };
  // The watch holds metadata alone; the value is read live, and only when it is needed.
  const seen = context.cache.get(coreSecrets, sourceKey);
  if (seen === undefined) return waiting(`core Secret ${keyText(sourceKey)}`);
  const field = "spec.userData.secretKeyRef";
  if (seen.metadata.labels?.[MANAGED_BY_LABEL] !== undefined)
    return invalid(`${field}.name`, `core Secret ${ref.name} was made by Nephele and cannot be a source`);
  const mark = userDataMark(`${seen.metadata.uid}/${seen.metadata.resourceVersion}`, [ref.key, ours]);
  if (isMadeFrom(scope, userDataSecretKey(context.object), mark)) {
    scope.userData = "secret";
    return settled();
  }
  const source = await context.kube.get(coreSecrets, sourceKey);
  if (source === undefined) return waiting(`core Secret ${keyText(sourceKey)}`);
  const value = source.data?.[ref.key];
  if (value === undefined) return invalid(`${field}.key`, `core Secret ${ref.name} has no key ${ref.key}`);
  const merged = mergeUserData({ ...ours, user: Buffer.from(value, "base64") });
  if (merged.kind === "refused") return invalid(`${field}.key`, `the user data cannot be used: ${merged.problem}`);
  return writeUserData(scope, mark, () => merged.bytes);
}

async function writeUserData(scope: ServerScope, mark: string, bytes: () => Uint8Array): Promise<Outcome> {
  const { context } = scope;
  const key = userDataSecretKey(context.object);
  const blocked = foreignSecret(scope, key);
  if (blocked !== undefined) return blocked;
  if (!isMadeFrom(scope, key, mark))
    await context.kube.apply(coreSecrets, userDataSecret(context.object, mark, bytes()), {
      fieldOwner: context.fieldOwner("user-data"),
      force: true,
    });
  scope.userData = "secret";
  return settled();
}

async function filesInPlace(scope: ServerScope, signal: AbortSignal): Promise<Outcome> {
  const { context } = scope;
  const server = context.object;
  const files = server.spec.files ?? [];
  const key = filesSecretKey(server);
  if (files.length === 0) return settled();
  const found = await context.require(secretsOfServer);
  if (!found.ready) return found.outcome;
  const current = new Map(found.objects.map((secret) => [secret.metadata.name, currentVersion(secret)]));
  const versions: FileVersion[] = [];
  for (const file of files) {
    const version = current.get(file.secretRef.name);
    if (version === undefined) return waiting(`Secret ${file.secretRef.name}`);
    versions.push({ file, ...version });
  }
  const mark = filesMark(versions);
  if (!isMadeFrom(scope, key, mark)) {
    const blocked = foreignSecret(scope, key) ?? (await writeFiles(scope, versions, signal).catch(awaitCloud));
    if (blocked !== undefined) return blocked;
  }
  scope.filesRevision = filesRevision(mark);
  return settled();
}

/**
 * What no guest is given any more does not stay about. After the machine, which until then names it, and not while a guest
 * runs that was started with it: it could not move to another node, where it is mounted again.
 */
export async function removeUnusedData(scope: ServerScope): Promise<Outcome> {
  const { context, userData, filesRevision, instance } = scope;
  const server = context.object;
  const mounted = isLive(instance) ? secretsOf(instance) : [];
  const unused = [
    ...(userData === "secret" ? [] : [userDataSecretKey(server)]),
    ...(filesRevision === undefined ? [filesSecretKey(server)] : []),
  ];
  for (const key of unused) {
    const old = cached(scope, key);
    if (old !== undefined && ownership(old, server) === "ours" && !mounted.includes(key.name))
      await context.kube.delete(coreSecrets, key, { uid: old.metadata.uid });
  }
  return settled();
}

/** The core Secrets that a guest was started with. */
function secretsOf(instance: VirtualMachineInstance | undefined): readonly (string | undefined)[] {
  return (instance?.spec?.volumes ?? []).flatMap(({ secret, cloudInitNoCloud }) => [
    secret?.secretName,
    cloudInitNoCloud?.secretRef?.name,
  ]);
}

/** A Cloud whose login is missing is waited for, as everything that is missing. */
function awaitCloud(error: unknown): Outcome {
  if (error instanceof CloudSecretError) return waiting(error.awaited, { pollAfterMs: 30_000 });
  throw error;
}

async function writeFiles(
  scope: ServerScope,
  versions: readonly FileVersion[],
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { context, deps, project, key } = scope;
  const cloudRef = project?.status?.cloudRef;
  const projectId = project?.status?.id;
  const cloud = cloudRef === undefined ? undefined : context.cache.get(clouds, cloudRef);
  if (cloud === undefined || projectId === undefined)
    return waiting(`Project ${project?.metadata.name} to be in Keystone`);
  const payloads = new Map<string, Uint8Array>();
  for (const { file, id: secretId } of versions) {
    const name = file.secretRef.name;
    if (payloads.has(name)) continue;
    const payload = await deps.payloads.read({
      cloud,
      projectId,
      secretId,
      object: `servers.nephele.dev ${keyText(key)}`,
      purpose: `file ${file.path} from Secret ${name}`,
      reconcileId: context.reconcileId,
      signal,
    });
    if (payload === undefined) return waiting(`the payload of Secret ${name} in Barbican`, { pollAfterMs: 30_000 });
    payloads.set(name, payload);
  }
  const size = [...payloads.values()].reduce((sum, payload) => sum + payload.length, 0);
  if (size > FILES_LIMIT)
    return invalid("spec.files", `they hold ${size} bytes together; at most ${FILES_LIMIT} can be given to a guest`);
  const desired = filesSecret(context.object, versions, (name) => payloads.get(name) ?? new Uint8Array());
  await context.kube.apply(coreSecrets, desired, { fieldOwner: context.fieldOwner("files"), force: true });
  return undefined;
}

function cached(
  scope: ServerScope,
  key: { readonly name: string; readonly namespace?: string },
): CoreSecret | undefined {
  return scope.context.cache.get(coreSecrets, key);
}

function isMadeFrom(
  scope: ServerScope,
  key: { readonly name: string; readonly namespace?: string },
  mark: string,
): boolean {
  const secret = cached(scope, key);
  if (secret === undefined || ownership(secret, scope.context.object) !== "ours") return false;
  return secret.metadata.annotations?.[MADE_FROM_ANNOTATION] === mark;
}

/** A core Secret of the name that somebody else made is not written into. */
function foreignSecret(
  scope: ServerScope,
  key: { readonly name: string; readonly namespace?: string },
): Outcome | undefined {
  const secret = cached(scope, key);
  if (secret === undefined) return undefined;
  switch (ownership(secret, scope.context.object)) {
    case "ours":
      return undefined;
    case "leaving":
      return waiting(`core Secret ${key.name} of an earlier Server to go`);
    case "foreign":
      return invalid("metadata.name", `core Secret ${key.name} exists and is not of this Server: delete it`);
  }
}
