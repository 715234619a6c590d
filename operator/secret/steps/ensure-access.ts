import type { Secret } from "#operator/api/generated/secret.ts";
import { findCondition, isTrue } from "#runtime/api/conditions.ts";
import { type Outcome, settled } from "#runtime/controller/outcome.ts";
import { DEFAULT_ACL, isDefaultAccess, sameAcl } from "../access.ts";
import type { Acl } from "../key-manager.ts";
import { withMark } from "../mark.ts";
import { markOf } from "../marking.ts";
import { type SecretScope, set } from "../scope.ts";
import type { Version } from "../version.ts";

/**
 * Brings the ACL of every version that can be read to what the spec says, and the mark where a pass for this spec may not
 * have come so far. Each costs a call a version, so ACLs are read while something is awaited and once in a while
 * (DEEP_CHECK_MS).
 */
export async function ensureAccess(scope: SecretScope): Promise<Outcome> {
  const acl = await wantedAcl(scope);
  if (scope.deepCheck || !isTrue(scope.secret.status?.conditions, "Ready")) await correctAll(scope, acl);
  if (scope.deepCheck) scope.deepChecks.done(scope.secret.metadata, scope.context.now);
  return settled();
}

export async function correctAll(scope: SecretScope, acl: Acl): Promise<void> {
  for (const version of set(scope.versions, "versions")) {
    if (version.state === "ready" && !scope.made.has(version.version)) await correct(scope, version, acl);
  }
}

async function correct(scope: SecretScope, version: Version, wanted: Acl): Promise<void> {
  const { keys } = set(scope.home, "home");
  const { access, source } = scope.secret.spec;
  const { secret, publicKey } = version.parts;
  const imported = source.import !== undefined;
  const comparesMark = !imported && !wasDoneFor(scope.secret);
  for (const id of publicKey === undefined ? [secret] : [publicKey, secret]) {
    if (comparesMark) {
      const metadata = await keys.metadata(id);
      const marked = withMark(metadata ?? {}, markOf(scope, version, id === publicKey ? "public" : "secret"));
      if (marked !== undefined) await keys.putMetadata(id, marked);
    }
    if (imported && isDefaultAccess(access)) continue;
    if (sameAcl((await keys.acl(id)) ?? DEFAULT_ACL, wanted)) continue;
    await keys.putAcl(id, wanted);
    scope.context.event(
      "Normal",
      "AccessSet",
      `Who may read version ${version.version} in Barbican is as spec.access says`,
    );
  }
}

/**
 * Whether a whole pass has ended well for the present spec. That the status speaks of its generation is not enough: a pass
 * that waits, or is paused, says so too.
 */
function wasDoneFor({ metadata, status }: Secret): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  const done = ready?.status === "True" && ready.observedGeneration === metadata.generation;
  return done && metadata.deletionTimestamp === undefined;
}

/** The ACL of the spec with the users that exist; the others are noted as awaited, once. */
export async function wantedAcl(scope: SecretScope): Promise<Acl> {
  const { access } = scope.secret.spec;
  const { cloud } = set(scope.home, "home");
  const users: string[] = [];
  for (const { user, domain } of access.users ?? []) {
    const id = await scope.deps.clouds.userId(cloud, user, domain);
    const awaited = `Keystone user ${user} in domain ${domain}`;
    if (id !== undefined) users.push(id);
    else if (!scope.awaited.includes(awaited)) scope.awaited.push(awaited);
  }
  return { projectAccess: access.project, users };
}
